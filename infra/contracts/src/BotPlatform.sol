// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/**
 * @title Sealed commands of clients, and the platform's verdicts on them
 *
 * @dev A registered wallet submits commands that are sealed to a key of the platform. Commands of a client are
 * numbered 1, 2, 3 …; each is decided once, by an operator, who leaves the hash of the evidence.
 *
 * A contract cannot keep a secret: everything here is public, the sealed payload included.
 */
contract BotPlatform is AccessControl, EIP712 {
    /// @dev What became of a command. Only Pending changes, and only once.
    enum Status {
        None,
        Pending,
        Approved,
        RolledBack
    }

    struct Key {
        uint8 suite;
        bool revoked;
        bytes publicKey;
    }

    struct Command {
        Status status;
        bool stop;
        uint32 client;
        uint64 sequence;
        bytes32 reason;
        bytes32 evidence;
    }

    /// @dev May give a wallet its client number.
    bytes32 public constant REGISTRAR_ROLE = keccak256("REGISTRAR_ROLE");
    /// @dev May publish and revoke the platform's keys.
    bytes32 public constant KEY_ROLE = keccak256("KEY_ROLE");
    /// @dev May decide commands.
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");

    /// @dev How many commands of a client may wait for a verdict. The last place takes only a stop.
    uint256 public constant MAX_PENDING = 4;
    /// @dev The longest sealed payload, in bytes.
    uint256 public constant MAX_PAYLOAD = 16384;

    /// @dev What a wallet signs when somebody else pays for its command.
    bytes32 public constant SUBMIT_TYPEHASH = keccak256(
        "Submit(address wallet,uint64 expectedSequence,bytes4 keyId,bool stop,bytes payload,uint256 deadline)"
    );

    uint32 private _clientCount;
    mapping(address wallet => uint32 client) private _clients;
    mapping(uint32 client => address wallet) private _wallets;
    mapping(uint32 client => uint64 sequence) private _lastSequences;
    mapping(uint32 client => uint256 count) private _pending;
    mapping(bytes4 keyId => Key) private _keys;
    mapping(uint8 suite => bytes4 keyId) private _currentKeys;
    mapping(bytes32 commandId => Command) private _commands;

    /// @dev `wallet` is the client with number `client`.
    event ClientRegistered(uint32 indexed client, address indexed wallet);

    /// @dev Payloads of `suite` are to be sealed to `publicKey` from now on.
    event KeyPublished(bytes4 indexed keyId, uint8 indexed suite, bytes publicKey);

    /// @dev No further payload is taken that names `keyId`.
    event KeyRevoked(bytes4 indexed keyId);

    /// @dev `client` asks for what `payload` hides. `sender` is the client's wallet, never a relayer.
    event EncryptedCommand(
        bytes32 indexed commandId,
        uint32 indexed client,
        address indexed sender,
        uint64 sequence,
        bytes4 keyId,
        bytes payload
    );

    /// @dev The command was carried out; `evidence` is the hash of what was seen.
    event CommandApproved(bytes32 indexed commandId, uint32 indexed client, bytes32 evidence);

    /// @dev The command left nothing behind; `reason` is an ASCII code, left-aligned.
    event CommandRolledBack(
        bytes32 indexed commandId, uint32 indexed client, bytes32 reason, bytes32 evidence
    );

    /// @dev The zero address can be neither wallet, admin nor operator.
    error BotPlatformZeroAddress();
    /// @dev `wallet` is already the client with number `client`.
    error BotPlatformWalletAlreadyRegistered(address wallet, uint32 client);
    /// @dev `wallet` is no client's.
    error BotPlatformWalletNotRegistered(address wallet);
    /// @dev Suite 0 and an empty key mean "no key", so neither can be published.
    error BotPlatformKeyInvalid(uint8 suite, bytes publicKey);
    /// @dev A key with this id was published before; a revoked key never comes back.
    error BotPlatformKeyAlreadyPublished(bytes4 keyId);
    /// @dev No key with this id was ever published.
    error BotPlatformKeyUnknown(bytes4 keyId);
    /// @dev The key with this id is revoked.
    error BotPlatformKeyAlreadyRevoked(bytes4 keyId);
    /// @dev The command was sealed for sequence `expected`, but the next one of `client` is `next`.
    error BotPlatformSequenceMismatch(uint32 client, uint64 expected, uint64 next);
    /// @dev `size` bytes are not between 1 and `limit`.
    error BotPlatformPayloadSize(uint256 size, uint256 limit);
    /// @dev `pending` commands of `client` wait already; a command like this one may be added below `limit`.
    error BotPlatformPendingLimit(uint32 client, uint256 pending, uint256 limit);
    /// @dev The signature was good until `deadline`.
    error BotPlatformSignatureExpired(uint256 deadline);
    /// @dev The signature over this command is not one of `wallet`.
    error BotPlatformSignatureInvalid(address wallet);
    /// @dev Only a pending command can be decided; this one is `status`.
    error BotPlatformCommandNotPending(bytes32 commandId, Status status);

    /**
     * @dev `admin` hands out roles, registers clients and keeps the keys; `operator` decides commands. They are
     * apart, because the operator's key is the one that is online.
     */
    constructor(address admin, address operator) EIP712("BotPlatform", "1") {
        if (admin == address(0) || operator == address(0)) revert BotPlatformZeroAddress();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(REGISTRAR_ROLE, admin);
        _grantRole(KEY_ROLE, admin);
        _grantRole(OPERATOR_ROLE, operator);
    }

    /// @dev Gives `wallet` the next client number; the first one is 1.
    function registerClient(address wallet) external onlyRole(REGISTRAR_ROLE) returns (uint32 client) {
        if (wallet == address(0)) revert BotPlatformZeroAddress();
        if (_clients[wallet] != 0) revert BotPlatformWalletAlreadyRegistered(wallet, _clients[wallet]);
        client = ++_clientCount;
        _clients[wallet] = client;
        _wallets[client] = wallet;
        emit ClientRegistered(client, wallet);
    }

    /// @dev Makes `publicKey` the current key of `suite`. Older keys stay good until they are revoked.
    function publishKey(uint8 suite, bytes calldata publicKey)
        external
        onlyRole(KEY_ROLE)
        returns (bytes4 keyId)
    {
        if (suite == 0 || publicKey.length == 0) {
            revert BotPlatformKeyInvalid(suite, publicKey);
        }
        keyId = bytes4(sha256(publicKey));
        if (_keys[keyId].suite != 0) revert BotPlatformKeyAlreadyPublished(keyId);
        _keys[keyId] = Key({suite: suite, revoked: false, publicKey: publicKey});
        _currentKeys[suite] = keyId;
        emit KeyPublished(keyId, suite, publicKey);
    }

    /// @dev Revokes a key for good. A suite whose current key is revoked has none until the next is published.
    function revokeKey(bytes4 keyId) external onlyRole(KEY_ROLE) {
        uint8 suite = _usableKey(keyId).suite;
        _keys[keyId].revoked = true;
        if (_currentKeys[suite] == keyId) delete _currentKeys[suite];
        emit KeyRevoked(keyId);
    }

    /**
     * @dev Submits a command of the calling wallet.
     * @param expectedSequence the number the payload was sealed for; see {nextSequence}
     * @param keyId the key the payload was sealed to
     * @param stop true if the payload hides a stop, which may take the last pending place
     * @param payload the sealed command
     * @return commandId keccak256(abi.encode(chain id, this contract, client, sequence, keyId, keccak256(payload)))
     */
    function submit(uint64 expectedSequence, bytes4 keyId, bool stop, bytes calldata payload)
        external
        returns (bytes32 commandId)
    {
        return _submit(msg.sender, expectedSequence, keyId, stop, payload);
    }

    /**
     * @dev Submits a command of `wallet`, which signed it; see {SUBMIT_TYPEHASH}. Anybody may pay for it. The
     * sequence makes the signature good for one command only.
     * @param deadline the last second of block time at which the signature counts
     * @param signature of the EIP-712 digest, by the wallet's key or (ERC-1271) by the wallet's contract
     */
    function submitFor(
        address wallet,
        uint64 expectedSequence,
        bytes4 keyId,
        bool stop,
        bytes calldata payload,
        uint256 deadline,
        bytes calldata signature
    ) external returns (bytes32 commandId) {
        // The deadline is the signer's own, in minutes; what a proposer can shift is seconds.
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp > deadline) revert BotPlatformSignatureExpired(deadline);
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    SUBMIT_TYPEHASH, wallet, expectedSequence, keyId, stop, keccak256(payload), deadline
                )
            )
        );
        if (!SignatureChecker.isValidSignatureNowCalldata(wallet, digest, signature)) {
            revert BotPlatformSignatureInvalid(wallet);
        }
        return _submit(wallet, expectedSequence, keyId, stop, payload);
    }

    /// @dev Decides that the command was carried out, as the document with hash `evidence` tells.
    function approve(bytes32 commandId, bytes32 evidence) external onlyRole(OPERATOR_ROLE) {
        uint32 client = _decide(commandId, Status.Approved, bytes32(0), evidence);
        emit CommandApproved(commandId, client, evidence);
    }

    /// @dev Decides that the command was not carried out, for `reason`, as the document with hash `evidence` tells.
    function rollBack(bytes32 commandId, bytes32 reason, bytes32 evidence) external onlyRole(OPERATOR_ROLE) {
        uint32 client = _decide(commandId, Status.RolledBack, reason, evidence);
        emit CommandRolledBack(commandId, client, reason, evidence);
    }

    /// @dev The number of the client with `wallet`; 0 if it is no client's.
    function clientOf(address wallet) external view returns (uint32) {
        return _clients[wallet];
    }

    /// @dev The wallet of `client`; the zero address if there is no such client.
    function walletOf(uint32 client) external view returns (address) {
        return _wallets[client];
    }

    /// @dev The key with `keyId`; suite 0 if it was never published.
    function keyOf(bytes4 keyId) external view returns (uint8 suite, bool revoked, bytes memory publicKey) {
        Key storage key = _keys[keyId];
        return (key.suite, key.revoked, key.publicKey);
    }

    /// @dev The key to seal payloads of `suite` to; 0 if there is none now.
    function currentKey(uint8 suite) external view returns (bytes4) {
        return _currentKeys[suite];
    }

    /// @dev The number that the next command of `client` must be sealed for.
    function nextSequence(uint32 client) external view returns (uint64) {
        return _lastSequences[client] + 1;
    }

    /// @dev How many commands of `client` wait for a verdict.
    function pendingOf(uint32 client) external view returns (uint256) {
        return _pending[client];
    }

    /// @dev What is known of a command; status None if it was never submitted.
    function commandOf(bytes32 commandId)
        external
        view
        returns (Status status, uint32 client, uint64 sequence, bool stop, bytes32 reason, bytes32 evidence)
    {
        Command storage command = _commands[commandId];
        return
            (command.status, command.client, command.sequence, command.stop, command.reason, command.evidence);
    }

    function _submit(address wallet, uint64 expectedSequence, bytes4 keyId, bool stop, bytes calldata payload)
        private
        returns (bytes32 commandId)
    {
        uint32 client = _clients[wallet];
        if (client == 0) revert BotPlatformWalletNotRegistered(wallet);
        if (payload.length == 0 || payload.length > MAX_PAYLOAD) {
            revert BotPlatformPayloadSize(payload.length, MAX_PAYLOAD);
        }
        _usableKey(keyId);
        _takePlace(client, stop);
        uint64 sequence = _takeSequence(client, expectedSequence);

        commandId =
            keccak256(abi.encode(block.chainid, address(this), client, sequence, keyId, keccak256(payload)));
        Command storage command = _commands[commandId];
        command.status = Status.Pending;
        command.stop = stop;
        command.client = client;
        command.sequence = sequence;
        emit EncryptedCommand(commandId, client, wallet, sequence, keyId, payload);
    }

    function _takePlace(uint32 client, bool stop) private {
        uint256 limit = stop ? MAX_PENDING : MAX_PENDING - 1;
        uint256 pending = _pending[client];
        if (pending >= limit) revert BotPlatformPendingLimit(client, pending, limit);
        _pending[client] = pending + 1;
    }

    function _takeSequence(uint32 client, uint64 expected) private returns (uint64 next) {
        next = _lastSequences[client] + 1;
        if (expected != next) revert BotPlatformSequenceMismatch(client, expected, next);
        _lastSequences[client] = next;
    }

    function _decide(bytes32 commandId, Status verdict, bytes32 reason, bytes32 evidence)
        private
        returns (uint32 client)
    {
        Command storage command = _commands[commandId];
        if (command.status != Status.Pending) {
            revert BotPlatformCommandNotPending(commandId, command.status);
        }
        client = command.client;
        command.status = verdict;
        command.reason = reason;
        command.evidence = evidence;
        _pending[client] -= 1;
    }

    function _usableKey(bytes4 keyId) private view returns (Key storage key) {
        key = _keys[keyId];
        if (key.suite == 0) revert BotPlatformKeyUnknown(keyId);
        if (key.revoked) revert BotPlatformKeyAlreadyRevoked(keyId);
    }
}
