// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BotPlatform} from "../src/BotPlatform.sol";
import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

/**
 * @dev Plays clients, relayers, operator and key keeper at random, right and wrong. It remembers what the contract
 * let through; the invariants compare that with what the contract says.
 */
contract Handler is Fixture {
    uint256 private constant CLIENTS = 2;

    bytes32[] public accepted;
    mapping(bytes32 commandId => uint256) public decisions;
    mapping(bytes32 commandId => BotPlatform.Status) public verdicts;
    mapping(uint32 client => uint64) public submitted;
    mapping(uint32 client => uint256) public pendingStarts;
    mapping(uint32 client => uint256) public pendingStops;
    uint256 public sequencesOutOfOrder;
    uint256 public acceptedFromStrangers;
    uint256 public acceptedForRevoked;
    uint256 public acceptedReplays;
    uint256 public stopsWithoutPlace;
    uint256 public duplicateIds;

    mapping(bytes4 keyId => bool) private _revoked;
    bytes4[] private _keys;
    uint256 private _lastSigner;
    uint64 private _lastSequence;
    bytes4 private _lastKey;
    bytes private _lastSignature;

    constructor() {
        setUp();
        _keys.push(keyId);
    }

    function get() external view returns (BotPlatform) {
        return platform;
    }

    function acceptedCount() external view returns (uint256) {
        return accepted.length;
    }

    function submitAny(uint256 who, uint64 skip, uint256 key, bool stop, bytes32 salt) external {
        uint32 number = uint32(who % (CLIENTS + 1)) + 1;
        address sender = number > CLIENTS ? STRANGER : platform.walletOf(number);
        uint64 sequence = platform.nextSequence(number) + (skip % 4 == 0 ? skip % 3 : 0);
        bytes4 id = _keys[key % _keys.length];
        vm.prank(sender);
        try platform.submit(sequence, id, stop, abi.encode(salt)) returns (bytes32 commandId) {
            if (sender == STRANGER) acceptedFromStrangers++;
            _note(commandId, number, sequence, id, stop);
        } catch {
            if (stop && _mustFit(number, sender, sequence, id)) stopsWithoutPlace++;
        }
    }

    function relaySigned(bool first, uint256 key, bytes32 salt) external {
        _lastSigner = first ? WALLET_KEY : OTHER_KEY;
        _lastKey = _keys[key % _keys.length];
        uint32 number = first ? 1 : 2;
        _lastSequence = platform.nextSequence(number);
        bytes memory payload = abi.encode(salt);
        _lastSignature = _sign(payload);
        try platform.submitFor(
            vm.addr(_lastSigner), _lastSequence, _lastKey, false, payload, type(uint256).max, _lastSignature
        ) returns (
            bytes32 commandId
        ) {
            _note(commandId, number, _lastSequence, _lastKey, false);
            _replay(payload);
        } catch {}
    }

    function decideAny(uint256 index, bool approval) external {
        if (accepted.length == 0) return;
        bytes32 commandId = accepted[index % accepted.length];
        (, uint32 number,, bool stop,,) = platform.commandOf(commandId);
        vm.prank(OPERATOR);
        (bool done,) = address(platform)
            .call(
                approval
                    ? abi.encodeCall(platform.approve, (commandId, EVIDENCE))
                    : abi.encodeCall(platform.rollBack, (commandId, REASON, EVIDENCE))
            );
        if (!done) return;
        decisions[commandId]++;
        verdicts[commandId] = approval ? BotPlatform.Status.Approved : BotPlatform.Status.RolledBack;
        if (stop) pendingStops[number]--;
        else pendingStarts[number]--;
    }

    function decideOldest(uint256 seed) external {
        for (uint256 i = 0; i < accepted.length; i++) {
            if (decisions[accepted[i]] == 0) return this.decideAny(i, seed % 2 == 0);
        }
    }

    function publishNext(bytes32 salt) external {
        if (_keys.length < 8) _keys.push(publish(1, abi.encode(salt, _keys.length)));
    }

    function revokeAny(uint256 index) external {
        bytes4 id = _keys[index % _keys.length];
        // One key stays, or nothing would be left to play.
        if (index % _keys.length == 0 || _revoked[id]) return;
        revoke(id);
        _revoked[id] = true;
    }

    function _note(bytes32 commandId, uint32 number, uint64 sequence, bytes4 id, bool stop) private {
        if (sequence != submitted[number] + 1) sequencesOutOfOrder++;
        submitted[number] = sequence;
        if (_revoked[id]) acceptedForRevoked++;
        for (uint256 i = 0; i < accepted.length; i++) {
            if (accepted[i] == commandId) duplicateIds++;
        }
        accepted.push(commandId);
        if (stop) pendingStops[number]++;
        else pendingStarts[number]++;
    }

    function _replay(bytes memory payload) private {
        try platform.submitFor(
            vm.addr(_lastSigner), _lastSequence, _lastKey, false, payload, type(uint256).max, _lastSignature
        ) {
            acceptedReplays++;
        } catch {}
    }

    /// @dev A right stop must be taken while no other stop waits, however many starts do.
    function _mustFit(uint32 number, address sender, uint64 sequence, bytes4 id) private view returns (bool) {
        return
            sender != STRANGER && sequence == submitted[number] + 1 && !_revoked[id]
                && pendingStops[number] == 0;
    }

    function _sign(bytes memory payload) private view returns (bytes memory) {
        (, string memory name, string memory version,,,,) = platform.eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                address(platform)
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                platform.SUBMIT_TYPEHASH(),
                vm.addr(_lastSigner),
                _lastSequence,
                _lastKey,
                false,
                keccak256(payload),
                type(uint256).max
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(_lastSigner, keccak256(abi.encodePacked(hex"1901", domain, content)));
        return abi.encodePacked(r, s, v);
    }
}

contract BotPlatformInvariantTest {
    struct Selectors {
        address addr;
        bytes4[] selectors;
    }

    Handler private handler;
    BotPlatform private platform;

    function setUp() public {
        handler = new Handler();
        platform = handler.get();
    }

    function targetSelectors() external view returns (Selectors[] memory targets) {
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = Handler.submitAny.selector;
        selectors[1] = Handler.relaySigned.selector;
        selectors[2] = Handler.decideAny.selector;
        selectors[3] = Handler.decideOldest.selector;
        selectors[4] = Handler.publishNext.selector;
        selectors[5] = Handler.revokeAny.selector;
        targets = new Selectors[](1);
        targets[0] = Selectors(address(handler), selectors);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_a_command_is_decided_at_most_once() public view {
        for (uint256 i = 0; i < handler.acceptedCount(); i++) {
            bytes32 commandId = handler.accepted(i);
            vm.assertLe(handler.decisions(commandId), 1);
            (BotPlatform.Status status,,,,,) = platform.commandOf(commandId);
            BotPlatform.Status verdict = handler.verdicts(commandId);
            if (verdict == BotPlatform.Status.None) verdict = BotPlatform.Status.Pending;
            vm.assertEq(uint256(status), uint256(verdict));
        }
    }

    function invariant_no_sequence_is_skipped_or_given_twice() public view {
        vm.assertEq(handler.sequencesOutOfOrder(), 0);
        vm.assertEq(handler.duplicateIds(), 0);
        for (uint32 client = 1; client <= 2; client++) {
            vm.assertEq(platform.nextSequence(client), handler.submitted(client) + 1);
        }
    }

    function invariant_foreign_wallets_replays_and_revoked_keys_get_nothing() public view {
        vm.assertEq(handler.acceptedFromStrangers(), 0);
        vm.assertEq(handler.acceptedReplays(), 0);
        vm.assertEq(handler.acceptedForRevoked(), 0);
    }

    function invariant_a_place_is_kept_for_a_stop() public view {
        vm.assertEq(handler.stopsWithoutPlace(), 0);
        for (uint32 client = 1; client <= 2; client++) {
            uint256 starts = handler.pendingStarts(client);
            uint256 pending = starts + handler.pendingStops(client);
            vm.assertEq(platform.pendingOf(client), pending);
            vm.assertLe(pending, platform.MAX_PENDING());
            vm.assertLe(starts, platform.MAX_PENDING() - 1);
        }
    }
}
