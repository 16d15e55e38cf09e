import type { DropDocument } from "../../../schema/drop-document.ts";
import { LIMITS } from "../../../schema/limits.ts";
import {
  type CheckoutReadiness,
  type Finding,
  type GatewayProbe,
  type StateReadiness,
  skewMs,
} from "../../../schema/preflight.ts";
import type { FieldError } from "../../../schema/read-drop.ts";
import { beaconFindings } from "./beacon.ts";
import { checkoutFindings, mailFindings } from "./checkout.ts";

/** A Date header has whole seconds. */
const DATE_HEADER_MS = 1_000;

export type Measured = {
  document: DropDocument;
  /** null: it is a draft, not published yet. */
  publishedVersion: string | null;
  /** What publishing the draft in KV would freeze; null: there is none, or it has errors. */
  draftVersion: string | null;
  warnings: FieldError[];
  state: StateReadiness;
  payments: { misconfigured: string | null; gateways: GatewayProbe[] };
  checkout: CheckoutReadiness;
  /** `isLocal`: this platform may send to loopback. */
  mails: { areSent: boolean; storefrontUrl: string; isLocal: boolean };
  nowMs: number;
};

/** What all of it means for a drop that is about to start: each thing that was looked at has at least one finding. */
export function findingsOf(measured: Measured): Finding[] {
  return [
    ...aboutDocument(measured),
    ...aboutObjects(measured),
    ...aboutStock(measured),
    ...aboutClocks(measured),
    about("database", measured.state.database, "D1 answers, and has its tables"),
    about("queue", measured.state.queue, "the queue of payment commands answers"),
    ...aboutGateways(measured),
    ...beaconFindings(measured.document, measured.state.beacon),
    ...checkoutFindings(measured.document, measured.checkout),
    ...mailFindings(measured.mails),
  ];
}

const ok = (check: Finding["check"], message: string): Finding => ({ level: "ok", check, message });
const warning = (check: Finding["check"], message: string): Finding => ({ level: "warning", check, message });
const blocks = (check: Finding["check"], message: string): Finding => ({ level: "blocks", check, message });

const about = (check: Finding["check"], reason: string | null, fine: string): Finding =>
  reason === null ? ok(check, fine) : blocks(check, `does not answer: ${reason}`);

function aboutDocument({ document, publishedVersion, draftVersion, warnings, nowMs }: Measured): Finding[] {
  // Of what is published the times are told below: they are as they should be once it runs.
  const meant = publishedVersion === null ? [] : ["opensAt", "closesAt"];
  const found: Finding[] = warnings
    .filter(({ path }) => !meant.includes(path))
    .map(({ path, message }) => warning("document", `${path} ${message}`));
  if (publishedVersion === null)
    found.push(blocks("document", `is not published yet: npm run drop -- publish ${document.id}`));
  else if (Date.parse(document.closesAt) <= nowMs) found.push(blocks("document", "the drop is over"));
  else {
    const since = Date.parse(document.opensAt) <= nowMs ? `, and runs since ${document.opensAt}` : "";
    found.push(ok("document", `version ${publishedVersion} is published, in mode ${document.mode}${since}`));
  }
  if (publishedVersion !== null && draftVersion !== null && draftVersion !== publishedVersion)
    found.push(
      warning("document", `the draft in KV differs from what is published: version ${draftVersion}`),
    );
  return found;
}

function aboutObjects({ document, state }: Measured): Finding[] {
  const asleep = state.objects.flatMap((probe) => (probe.isAwake ? [] : [probe]));
  const awake = state.objects.flatMap((probe) => (probe.isAwake ? [probe] : []));
  const found = asleep.map(({ object, reason }) => blocks("objects", `${object} does not answer: ${reason}`));
  const trips = awake.map(({ object, reading }) => ({ object, ms: reading.heardAtMs - reading.askedAtMs }));
  for (const { object, ms } of trips)
    if (ms > LIMITS.preflightTripMaxMs)
      found.push(
        warning(
          "objects",
          `${object} takes ${ms} ms to answer, above ${LIMITS.preflightTripMaxMs} ms: it may be far away`,
        ),
      );
  const slowest = Math.max(0, ...trips.map(({ ms }) => ms));
  const near = document.audience[0] ?? "whoever asked first";
  if (asleep.length === 0)
    found.push(
      ok(
        "objects",
        `${awake.length} objects are awake, asked to be made near ${near}; the slowest takes ${slowest} ms`,
      ),
    );
  return found;
}

function aboutStock({ document, publishedVersion, state }: Measured): Finding[] {
  if (publishedVersion === null) return [];
  const found: Finding[] = [];
  let units = 0;
  let all = 0;
  for (const { id, stock } of document.skus) {
    const probe = state.objects.find(({ object }) => object === `stock of ${id}`);
    if (probe === undefined || !probe.isAwake) continue;
    const { level } = probe;
    if (level === null || level === undefined)
      found.push(blocks("stock", `${id} has not taken its stock yet: publish again`));
    else if (level.stock !== stock)
      found.push(
        warning(
          "stock",
          `${id} has ${level.stock} units, and the document says ${stock}: it was corrected since`,
        ),
      );
    units += level?.available ?? 0;
    all += level?.stock ?? 0;
  }
  if (units === 0) found.push(warning("stock", "not one unit is free"));
  else if (found.length === 0)
    found.push(
      ok(
        "stock",
        units === all ? `${units} units are free, as the document says` : `${units} of ${all} units are free`,
      ),
    );
  return found;
}

function aboutClocks({ state, payments }: Measured): Finding[] {
  const found = [
    ...state.objects.map((probe) =>
      probe.isAwake ? objectSkewFinding(probe.object, skewMs(probe.reading)) : null,
    ),
    ...payments.gateways.map(({ gateway, reading }) =>
      reading === null ? null : skewFinding(`the gateway ${gateway}`, skewMs(reading, DATE_HEADER_MS)),
    ),
  ].filter((finding) => finding !== null);
  const bad = found.flat();
  return bad.length > 0 ? bad : [ok("clocks", `${found.length} clocks agree with the console's`)];
}

/** The objects write the public record's times, which anybody holds against each other. */
function objectSkewFinding(whose: string, ms: number): Finding[] {
  if (Math.abs(ms) <= LIMITS.objectClockSkewMaxMs) return [];
  const said = `${skewWords(whose, ms)}: whoever checks the record could take it for a fraud`;
  return [blocks("clocks", said)];
}

/** A second is nothing to a deadline of minutes, and much to a start. */
export function skewFinding(whose: string, ms: number): Finding[] {
  const off = Math.abs(ms);
  if (off <= LIMITS.clockSkewWarnMs) return [];
  const said = skewWords(whose, ms);
  return [off > LIMITS.clockSkewMaxMs ? blocks("clocks", said) : warning("clocks", said)];
}

const skewWords = (whose: string, ms: number) =>
  `${whose} is at least ${Math.abs(ms)} ms ${ms > 0 ? "ahead" : "behind"}`;

function aboutGateways({ document, payments }: Measured): Finding[] {
  if (payments.misconfigured !== null) return [blocks("gateway", payments.misconfigured)];
  const probe = payments.gateways.find(({ gateway }) => gateway === document.gateway);
  if (probe === undefined)
    return [blocks("gateway", `${document.gateway} is not known to the payments Worker`)];
  if (probe.refusal !== null) return [blocks("gateway", `${probe.gateway} ${probe.refusal}`)];
  return [ok("gateway", `${probe.gateway} answers and takes our key`)];
}
