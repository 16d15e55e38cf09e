import { createHash } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { roundMessage } from "../../../durable-objects/drop-queue/beacon/verify-round.ts";

const bls = bls12_381.shortSignatures;
const keys = bls.keygen(createHash("sha384").update("dropline/local-beacon/1").digest());

/** Of 48 and 96 bytes, in hex. */
export const localPublicKey = (): string => keys.publicKey.toHex(true);
/** A chain's name says which key it is of, as drand's does. */
export const localChainHash = (): string =>
  createHash("sha256").update("dropline/local-beacon/1\n").update(localPublicKey(), "hex").digest("hex");

/** The local beacon's signature of a round, in hex: always the same. Some 20 ms of work. */
export const signRound = (round: number): string =>
  bls.Signature.toHex(bls.sign(roundMessage(round), keys.secretKey));
