// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {BotPlatform} from "../src/BotPlatform.sol";
import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

/// @dev A wallet that is a contract and agrees to one digest.
contract ContractWallet is IERC1271 {
    bytes32 private immutable _agreed;

    constructor(bytes32 agreed) {
        _agreed = agreed;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == _agreed ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

contract SubmitForTest is Fixture {
    struct Submission {
        address wallet;
        uint64 sequence;
        bytes4 keyId;
        bool stop;
        bytes payload;
        uint256 deadline;
    }

    function test_the_sender_is_the_signer_and_never_the_relayer() public {
        Submission memory signed = submission();
        bytes memory signature = sign(WALLET_KEY, signed);
        bytes32 expected = keccak256(
            abi.encode(block.chainid, address(platform), client, uint64(1), keyId, keccak256(PAYLOAD))
        );
        vm.expectEmit(address(platform));
        emit BotPlatform.EncryptedCommand(expected, client, wallet, 1, keyId, PAYLOAD);
        vm.prank(STRANGER);
        vm.assertEq(relay(signed, signature), expected);
    }

    function test_a_replayed_signature_finds_its_sequence_taken() public {
        Submission memory signed = submission();
        bytes memory signature = sign(WALLET_KEY, signed);
        bytes32 commandId = relay(signed, signature);
        expectSequenceMismatch(1, 2);
        relay(signed, signature);
        approve(commandId);
        expectSequenceMismatch(1, 2);
        relay(signed, signature);
    }

    function test_a_signature_does_not_wait_for_its_sequence() public {
        Submission memory signed = submission();
        signed.sequence = 2;
        bytes memory signature = sign(WALLET_KEY, signed);
        expectSequenceMismatch(2, 1);
        relay(signed, signature);
    }

    function testFuzz_a_signature_ends_with_its_deadline(uint64 deadline, uint64 late) public {
        vm.assume(late > 0 && deadline <= type(uint64).max - late);
        Submission memory signed = submission();
        signed.deadline = deadline;
        bytes memory signature = sign(WALLET_KEY, signed);
        vm.warp(uint256(deadline) + late);
        vm.expectRevert(
            abi.encodeWithSelector(BotPlatform.BotPlatformSignatureExpired.selector, uint256(deadline))
        );
        relay(signed, signature);
        vm.warp(deadline);
        relay(signed, signature);
    }

    function test_every_signed_field_counts() public {
        bytes memory signature = sign(WALLET_KEY, submission());
        Submission memory changed = submission();
        changed.wallet = other;
        expectInvalid(changed, signature);
        changed = submission();
        changed.sequence = 2;
        expectInvalid(changed, signature);
        changed = submission();
        changed.keyId = publish(1, "another");
        expectInvalid(changed, signature);
        changed = submission();
        changed.stop = true;
        expectInvalid(changed, signature);
        changed = submission();
        changed.payload = "other";
        expectInvalid(changed, signature);
        changed = submission();
        changed.deadline += 1;
        expectInvalid(changed, signature);
    }

    function testFuzz_a_foreign_key_does_not_sign_for_a_wallet(uint256 foreign) public {
        vm.assume(foreign > 0 && foreign < 1 << 255 && foreign != WALLET_KEY);
        expectInvalid(submission(), sign(foreign, submission()));
    }

    function testFuzz_garbage_is_no_signature(bytes calldata garbage) public {
        expectInvalid(submission(), garbage);
    }

    function test_a_signature_counts_on_one_chain_and_one_contract() public {
        bytes memory signature = sign(WALLET_KEY, submission());
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        expectInvalid(submission(), signature);
        vm.chainId(here);

        BotPlatform first = platform;
        platform = new BotPlatform(ADMIN, OPERATOR);
        register(wallet);
        publish(2, PUBLIC_KEY);
        expectInvalid(submission(), signature);
        platform = first;
        relay(submission(), signature);
    }

    function test_the_signer_must_be_a_client() public {
        uint256 strangerKey = 0x57A;
        Submission memory signed = submission();
        signed.wallet = vm.addr(strangerKey);
        bytes memory signature = sign(strangerKey, signed);
        vm.expectRevert(
            abi.encodeWithSelector(BotPlatform.BotPlatformWalletNotRegistered.selector, signed.wallet)
        );
        relay(signed, signature);
    }

    function test_the_wallet_may_be_a_contract() public {
        Submission memory signed = submission();
        signed.wallet = address(new ContractWallet(keccak256("another digest")));
        register(signed.wallet);
        expectInvalid(signed, "");
        ContractWallet agreeing = new ContractWallet(digestOf(signed));
        // The digest names the wallet, so the code that agrees has to stand at its address.
        vm.etch(signed.wallet, address(agreeing).code);
        relay(signed, "");
        vm.assertEq(platform.nextSequence(3), 2);
    }

    function submission() private view returns (Submission memory) {
        return Submission(wallet, 1, keyId, false, PAYLOAD, block.timestamp + 600);
    }

    function relay(Submission memory sent, bytes memory signature) private returns (bytes32) {
        return platform.submitFor(
            sent.wallet, sent.sequence, sent.keyId, sent.stop, sent.payload, sent.deadline, signature
        );
    }

    /// @dev The digest by the words of EIP-712, apart from the contract's own helpers.
    function digestOf(Submission memory signed) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("BotPlatform"),
                keccak256("1"),
                block.chainid,
                address(platform)
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                keccak256(
                    "Submit(address wallet,uint64 expectedSequence,bytes4 keyId,bool stop,bytes payload,uint256 deadline)"
                ),
                signed.wallet,
                signed.sequence,
                signed.keyId,
                signed.stop,
                keccak256(signed.payload),
                signed.deadline
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, content));
    }

    function sign(uint256 privateKey, Submission memory signed) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digestOf(signed));
        return abi.encodePacked(r, s, v);
    }

    function expectInvalid(Submission memory sent, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformSignatureInvalid.selector, sent.wallet));
        relay(sent, signature);
    }

    function expectSequenceMismatch(uint64 expected, uint64 next) private {
        vm.expectRevert(
            abi.encodeWithSelector(BotPlatform.BotPlatformSequenceMismatch.selector, client, expected, next)
        );
    }
}
