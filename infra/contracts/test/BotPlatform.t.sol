// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {BotPlatform} from "../src/BotPlatform.sol";
import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

contract ClientRegistryTest is Fixture {
    function test_numbers_begin_at_one_and_follow_each_other() public {
        vm.assertEq(platform.clientOf(wallet), 1);
        vm.assertEq(platform.clientOf(other), 2);
        vm.expectEmit(address(platform));
        emit BotPlatform.ClientRegistered(3, STRANGER);
        vm.assertEq(register(STRANGER), 3);
        vm.assertEq(platform.walletOf(3), STRANGER);
    }

    function test_the_unknown_have_no_number_and_no_wallet() public view {
        vm.assertEq(platform.clientOf(STRANGER), 0);
        vm.assertEq(platform.walletOf(0), address(0));
        vm.assertEq(platform.walletOf(3), address(0));
    }

    function test_a_wallet_is_registered_once() public {
        vm.expectRevert(
            abi.encodeWithSelector(BotPlatform.BotPlatformWalletAlreadyRegistered.selector, wallet, client)
        );
        register(wallet);
    }

    function test_the_zero_address_is_no_wallet() public {
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformZeroAddress.selector));
        register(address(0));
    }
}

contract DeploymentTest is Fixture {
    function test_the_admin_does_not_decide_and_the_operator_does_nothing_else() public view {
        vm.assertTrue(platform.hasRole(platform.REGISTRAR_ROLE(), ADMIN));
        vm.assertTrue(platform.hasRole(platform.KEY_ROLE(), ADMIN));
        vm.assertTrue(platform.hasRole(platform.OPERATOR_ROLE(), OPERATOR));
        vm.assertFalse(platform.hasRole(platform.OPERATOR_ROLE(), ADMIN));
        vm.assertFalse(platform.hasRole(platform.REGISTRAR_ROLE(), OPERATOR));
        vm.assertFalse(platform.hasRole(platform.KEY_ROLE(), OPERATOR));
        vm.assertFalse(platform.hasRole(platform.DEFAULT_ADMIN_ROLE(), OPERATOR));
    }

    function test_the_zero_address_is_no_admin() public {
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformZeroAddress.selector));
        new BotPlatform(address(0), OPERATOR);
    }

    function test_the_zero_address_is_no_operator() public {
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformZeroAddress.selector));
        new BotPlatform(ADMIN, address(0));
    }

    function testFuzz_a_stranger_has_no_role(address who) public {
        vm.assume(who != ADMIN && who != OPERATOR);
        bytes32 commandId = submit(false);

        expectRefusal(who, platform.REGISTRAR_ROLE());
        platform.registerClient(STRANGER);
        expectRefusal(who, platform.KEY_ROLE());
        platform.publishKey(1, "another");
        expectRefusal(who, platform.KEY_ROLE());
        platform.revokeKey(keyId);
        expectRefusal(who, platform.OPERATOR_ROLE());
        platform.approve(commandId, EVIDENCE);
        expectRefusal(who, platform.OPERATOR_ROLE());
        platform.rollBack(commandId, REASON, EVIDENCE);
    }

    function expectRefusal(address who, bytes32 role) private {
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, who, role)
        );
        vm.prank(who);
    }
}

contract KeysTest is Fixture {
    function test_a_key_is_found_by_the_first_bytes_of_its_sha256() public {
        bytes4 id = bytes4(sha256("next"));
        vm.expectEmit(address(platform));
        emit BotPlatform.KeyPublished(id, 1, "next");
        vm.assertEq(publish(1, "next"), id);
        (uint8 suite, bool revoked, bytes memory publicKey) = platform.keyOf(id);
        vm.assertEq(suite, 1);
        vm.assertFalse(revoked);
        vm.assertEq(publicKey, "next");
    }

    function test_each_suite_has_its_own_current_key() public {
        bytes4 first = publish(1, "first");
        vm.assertEq(platform.currentKey(1), first);
        vm.assertEq(platform.currentKey(2), keyId);
        bytes4 second = publish(1, "second");
        vm.assertEq(platform.currentKey(1), second);
    }

    function test_an_older_key_stays_good_until_it_is_revoked() public {
        publish(2, "newer");
        submit(false);
        revoke(keyId);
        expectRevokedOnSubmit(keyId);
    }

    function test_a_suite_whose_current_key_is_revoked_has_none() public {
        vm.expectEmit(address(platform));
        emit BotPlatform.KeyRevoked(keyId);
        revoke(keyId);
        vm.assertEq(platform.currentKey(2), bytes4(0));
        (, bool revoked, bytes memory publicKey) = platform.keyOf(keyId);
        vm.assertTrue(revoked);
        vm.assertEq(publicKey, PUBLIC_KEY);
    }

    function test_revoking_an_older_key_leaves_the_current_one() public {
        bytes4 newer = publish(2, "newer");
        revoke(keyId);
        vm.assertEq(platform.currentKey(2), newer);
    }

    function test_a_revoked_key_never_comes_back() public {
        revoke(keyId);
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformKeyAlreadyPublished.selector, keyId));
        publish(2, PUBLIC_KEY);
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformKeyAlreadyRevoked.selector, keyId));
        revoke(keyId);
        expectRevokedOnSubmit(keyId);
    }

    function test_an_unknown_key_cannot_be_revoked() public {
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformKeyUnknown.selector, bytes4("none")));
        revoke("none");
    }

    function test_no_key_means_suite_zero_or_an_empty_one() public {
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformKeyInvalid.selector, 0, bytes("key")));
        publish(0, "key");
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformKeyInvalid.selector, 1, bytes("")));
        publish(1, "");
    }

    function testFuzz_a_payload_for_an_unknown_key_is_refused(bytes4 unknown) public {
        vm.assume(unknown != keyId);
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformKeyUnknown.selector, unknown));
        vm.prank(wallet);
        platform.submit(1, unknown, false, PAYLOAD);
    }

    function expectRevokedOnSubmit(bytes4 id) private {
        uint64 next = platform.nextSequence(client);
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformKeyAlreadyRevoked.selector, id));
        vm.prank(wallet);
        platform.submit(next, id, false, PAYLOAD);
    }
}

contract SubmitTest is Fixture {
    function testFuzz_the_command_id_is_the_published_formula(bytes calldata payload, uint64 chain, bool stop)
        public
    {
        vm.assume(payload.length > 0 && payload.length <= platform.MAX_PAYLOAD() && chain > 0);
        vm.chainId(chain);
        bytes32 expected = keccak256(
            abi.encode(uint256(chain), address(platform), client, uint64(1), keyId, keccak256(payload))
        );
        vm.expectEmit(address(platform));
        emit BotPlatform.EncryptedCommand(expected, client, wallet, 1, keyId, payload);
        vm.prank(wallet);
        vm.assertEq(platform.submit(1, keyId, stop, payload), expected);
    }

    function test_a_command_is_remembered_as_pending() public {
        bytes32 commandId = submit(true);
        (
            BotPlatform.Status status,
            uint32 owner,
            uint64 sequence,
            bool stop,
            bytes32 reason,
            bytes32 evidence
        ) = platform.commandOf(commandId);
        vm.assertEq(uint256(status), uint256(BotPlatform.Status.Pending));
        vm.assertEq(owner, client);
        vm.assertEq(sequence, 1);
        vm.assertTrue(stop);
        vm.assertEq(reason, bytes32(0));
        vm.assertEq(evidence, bytes32(0));
        vm.assertEq(platform.nextSequence(client), 2);
        vm.assertEq(platform.pendingOf(client), 1);
    }

    function test_clients_count_apart() public {
        submit(false);
        vm.assertEq(platform.nextSequence(2), 1);
        vm.assertEq(platform.pendingOf(2), 0);
    }

    function testFuzz_any_but_the_next_sequence_is_refused(uint64 expected) public {
        submit(false);
        vm.assume(expected != 2);
        vm.expectRevert(
            abi.encodeWithSelector(BotPlatform.BotPlatformSequenceMismatch.selector, client, expected, 2)
        );
        vm.prank(wallet);
        platform.submit(expected, keyId, false, PAYLOAD);
    }

    function testFuzz_a_foreign_wallet_is_refused(address who) public {
        vm.assume(who != wallet && who != other);
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformWalletNotRegistered.selector, who));
        vm.prank(who);
        platform.submit(1, keyId, false, PAYLOAD);
    }

    function test_the_payload_is_neither_empty_nor_longer_than_the_limit() public {
        uint256 limit = platform.MAX_PAYLOAD();
        vm.prank(wallet);
        platform.submit(1, keyId, false, new bytes(limit));
        expectPayloadSize(0, limit);
        expectPayloadSize(limit + 1, limit);
    }

    function test_the_pending_limit_keeps_a_place_for_a_stop() public {
        submit(false);
        submit(false);
        submit(false);
        expectPendingLimit(false, 3, 3);
        submit(true);
        expectPendingLimit(true, 4, 4);
        expectPendingLimit(false, 4, 3);
    }

    function test_a_verdict_makes_room_again() public {
        bytes32 first = submit(false);
        submit(false);
        submit(false);
        approve(first);
        vm.assertEq(platform.pendingOf(client), 2);
        submit(false);
    }

    function expectPayloadSize(uint256 size, uint256 limit) private {
        vm.expectRevert(abi.encodeWithSelector(BotPlatform.BotPlatformPayloadSize.selector, size, limit));
        vm.prank(wallet);
        platform.submit(2, keyId, false, new bytes(size));
    }

    function expectPendingLimit(bool stop, uint256 pending, uint256 limit) private {
        uint64 next = platform.nextSequence(client);
        vm.expectRevert(
            abi.encodeWithSelector(BotPlatform.BotPlatformPendingLimit.selector, client, pending, limit)
        );
        vm.prank(wallet);
        platform.submit(next, keyId, stop, PAYLOAD);
    }
}

contract VerdictTest is Fixture {
    function test_an_approval_leaves_its_evidence() public {
        bytes32 commandId = submit(false);
        vm.expectEmit(address(platform));
        emit BotPlatform.CommandApproved(commandId, client, EVIDENCE);
        approve(commandId);
        expectVerdict(commandId, BotPlatform.Status.Approved, bytes32(0));
    }

    function test_a_roll_back_leaves_its_reason_and_evidence() public {
        bytes32 commandId = submit(false);
        vm.expectEmit(address(platform));
        emit BotPlatform.CommandRolledBack(commandId, client, REASON, EVIDENCE);
        rollBack(commandId);
        expectVerdict(commandId, BotPlatform.Status.RolledBack, REASON);
    }

    function test_a_later_command_may_be_decided_first() public {
        bytes32 start = submit(false);
        bytes32 stop = submit(true);
        approve(stop);
        assertStatus(start, BotPlatform.Status.Pending);
        rollBack(start);
        vm.assertEq(platform.pendingOf(client), 0);
    }

    function testFuzz_a_command_is_decided_once(bool first, bool second) public {
        bytes32 commandId = submit(false);
        decide(commandId, first);
        BotPlatform.Status verdict = statusOf(commandId);
        expectNotPending(commandId, verdict);
        decide(commandId, second);
        assertStatus(commandId, verdict);
        vm.assertEq(platform.pendingOf(client), 0);
    }

    function testFuzz_what_was_never_submitted_is_not_decided(bytes32 commandId, bool approval) public {
        expectNotPending(commandId, BotPlatform.Status.None);
        decide(commandId, approval);
    }

    function decide(bytes32 commandId, bool approval) private {
        if (approval) approve(commandId);
        else rollBack(commandId);
    }

    function expectNotPending(bytes32 commandId, BotPlatform.Status status) private {
        vm.expectRevert(
            abi.encodeWithSelector(BotPlatform.BotPlatformCommandNotPending.selector, commandId, status)
        );
    }

    function expectVerdict(bytes32 commandId, BotPlatform.Status expected, bytes32 expectedReason)
        private
        view
    {
        (BotPlatform.Status status,,,, bytes32 reason, bytes32 evidence) = platform.commandOf(commandId);
        vm.assertEq(uint256(status), uint256(expected));
        vm.assertEq(reason, expectedReason);
        vm.assertEq(evidence, EVIDENCE);
        vm.assertEq(platform.pendingOf(client), 0);
    }
}
