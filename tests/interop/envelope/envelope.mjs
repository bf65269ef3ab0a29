// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright (c) 2026 The bot_freqtrade.platform founders

// The envelope of docs/clients/commands.md in JavaScript, as a wallet in a browser would seal.
// Reads a list of requests as JSON from standard input and prints the list of answers.

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";

const VERSION = 1;
const STEP = 256;
const ENC_LENGTH = { 1: 32, 2: 1120 };

const cipherSuite = (suite) =>
  new CipherSuite({
    kem: suite === 1 ? new DhkemX25519HkdfSha256() : new XWing(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });

const unhex = (text) => Uint8Array.from(Buffer.from(text.replace(/^0x/, ""), "hex"));
const hex = (bytes) => "0x" + Buffer.from(bytes).toString("hex");
const word = (value) => BigInt(value).toString(16).padStart(64, "0");

export function info({ chain_id, contract, client, sender, sequence, key_id }, suite) {
  const words = [
    word(chain_id),
    word(contract),
    word(client),
    word(sender),
    word(sequence),
    key_id.replace(/^0x/, "").padEnd(64, "0"),
    word(suite),
  ];
  return Uint8Array.from([...Buffer.from("fqt-cmd-v1\0"), ...unhex(words.join(""))]);
}

export function pad(text) {
  const bytes = Buffer.from(text, "utf-8");
  return Buffer.concat([bytes, Buffer.alloc((STEP - (bytes.length % STEP)) % STEP, " ")]);
}

export async function seal({ suite, public_key, provenance, text }) {
  const hpke = cipherSuite(suite);
  const recipientPublicKey = await hpke.kem.deserializePublicKey(unhex(public_key));
  const sender = await hpke.createSenderContext({ recipientPublicKey, info: info(provenance, suite) });
  const ciphertext = await sender.seal(pad(text));
  return hex(Buffer.concat([Buffer.from([VERSION, suite]), Buffer.from(sender.enc), Buffer.from(ciphertext)]));
}

export async function open({ suite, private_key, provenance, payload }) {
  const hpke = cipherSuite(suite);
  const bytes = unhex(payload);
  const start = 2 + ENC_LENGTH[suite];
  const recipientKey = await hpke.kem.deserializePrivateKey(unhex(private_key));
  try {
    const recipient = await hpke.createRecipientContext({
      recipientKey,
      enc: bytes.slice(2, start),
      info: info(provenance, suite),
    });
    return Buffer.from(await recipient.open(bytes.slice(start))).toString("utf-8");
  } catch (error) {
    if (error.name === "OpenError") return null;
    throw error;
  }
}

export async function keygen({ suite }) {
  const { kem } = cipherSuite(suite);
  const pair = await kem.generateKeyPair();
  return {
    private_key: hex(await kem.serializePrivateKey(pair.privateKey)),
    public_key: hex(await kem.serializePublicKey(pair.publicKey)),
  };
}

const operations = { seal, open, keygen, info: async ({ suite, provenance }) => hex(info(provenance, suite)) };

let input = "";
for await (const part of process.stdin) input += part;
const answers = [];
for (const { operation, ...request } of JSON.parse(input)) answers.push(await operations[operation](request));
process.stdout.write(JSON.stringify(answers));
