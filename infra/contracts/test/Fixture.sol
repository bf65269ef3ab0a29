// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BotPlatform} from "../src/BotPlatform.sol";
import {vm} from "./Vm.sol";

/// @dev A platform with one key and two clients, and the shorthand of its tests.
abstract contract Fixture {
    uint256 internal constant WALLET_KEY = 0xA11CE;
    uint256 internal constant OTHER_KEY = 0xB0B;
    address internal constant ADMIN = address(0xAD);
    address internal constant OPERATOR = address(0x09);
    address internal constant STRANGER = address(0x5A);
    bytes32 internal constant EVIDENCE = keccak256("evidence");
    bytes32 internal constant REASON = "strategy_raises";
    bytes internal constant PUBLIC_KEY = "public key of the platform";
    bytes internal constant PAYLOAD = "sealed";

    BotPlatform internal platform;
    address internal wallet;
    address internal other;
    uint32 internal client;
    bytes4 internal keyId;

    function setUp() public virtual {
        platform = new BotPlatform(ADMIN, OPERATOR);
        wallet = vm.addr(WALLET_KEY);
        other = vm.addr(OTHER_KEY);
        client = register(wallet);
        register(other);
        keyId = publish(2, PUBLIC_KEY);
    }

    function register(address who) internal returns (uint32) {
        vm.prank(ADMIN);
        return platform.registerClient(who);
    }

    function publish(uint8 suite, bytes memory publicKey) internal returns (bytes4) {
        vm.prank(ADMIN);
        return platform.publishKey(suite, publicKey);
    }

    function revoke(bytes4 id) internal {
        vm.prank(ADMIN);
        platform.revokeKey(id);
    }

    function submit(bool stop) internal returns (bytes32) {
        uint64 next = platform.nextSequence(client);
        vm.prank(wallet);
        return platform.submit(next, keyId, stop, PAYLOAD);
    }

    function approve(bytes32 commandId) internal {
        vm.prank(OPERATOR);
        platform.approve(commandId, EVIDENCE);
    }

    function rollBack(bytes32 commandId) internal {
        vm.prank(OPERATOR);
        platform.rollBack(commandId, REASON, EVIDENCE);
    }

    function statusOf(bytes32 commandId) internal view returns (BotPlatform.Status status) {
        (status,,,,,) = platform.commandOf(commandId);
    }

    function assertStatus(bytes32 commandId, BotPlatform.Status status) internal view {
        vm.assertEq(uint256(statusOf(commandId)), uint256(status));
    }
}
