/** One purchase, as it looks on the wire. A test holds each example to its shape. */
const DROP = "runner-2027";
const RESERVATION = "rsv_7f0c2a4e9b1d4f6a8c3e5d7b9a1c2e4f";
const ORDER = "ord_0a7f0c2a4e9b1d4f6a8c3e5d7b9a1c2e4f";
const SHOPPER = "shp_3b1d4f6a8c3e5d7b9a1c2e4f7f0c2a4e";
const TICKET = "9b1d4f6a8c3e5d7b9a1c2e4f7f0c2a4e";
const VERSION = "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456";
const TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzaHBfM2IxZCJ9.c2lnbmF0dXJl";
const OPENS_AT_MS = Date.parse("2027-03-01T10:00:00Z");
const HOUR_MS = 3_600_000;

const lines = [
  { skuId: "runner-42", quantity: 1, unitPriceMinor: 12_900, totalMinor: 12_900 },
  { skuId: "socks-m", quantity: 2, unitPriceMinor: 900, totalMinor: 1_800 },
];
const shippingAddress = {
  name: "Ada Lovelace",
  line1: "Hauptstr. 12a",
  city: "Berlin",
  postalCode: "10115",
  country: "DE",
};
const root = {
  cohort: 0,
  count: 960,
  root: VERSION,
  closedAtMs: OPENS_AT_MS,
  beaconRound: null,
  signature: VERSION + VERSION,
};
const levels = [
  { skuId: "runner-42", stock: 500, available: 212, reserved: 41, sold: 247 },
  { skuId: "socks-m", stock: 900, available: 900, reserved: 0, sold: 0 },
];
const times = {
  lobbyOpensAt: "2027-03-01T09:00:00Z",
  opensAt: "2027-03-01T10:00:00Z",
  closesAt: "2027-03-01T12:00:00Z",
};

export const EXAMPLES = {
  session: { shopperId: SHOPPER, session: TOKEN, expiresAtMs: OPENS_AT_MS + 672 * HOUR_MS },
  mailCodeRequest: { email: "shopper@example.com" },
  mailCode: { challenge: TOKEN, expiresAtMs: OPENS_AT_MS - HOUR_MS },
  mailVerifyRequest: { challenge: TOKEN, code: "402917" },
  claimRequest: { token: TOKEN },
  drops: { drops: [{ id: DROP, name: "Runner", opensAt: times.opensAt, closesAt: times.closesAt }] },
  products: {
    products: [
      {
        handle: "night-runner",
        title: "Night Runner",
        vendor: "Dropline",
        type: "Shoes",
        tags: ["running"],
        currency: "EUR",
        priceMinor: { from: 12_900, to: 12_900 },
        imageUrl: "https://shop.example/night-runner.jpg",
      },
    ],
    next: null,
  },
  product: {
    handle: "night-runner",
    title: "Night Runner",
    vendor: "Dropline",
    type: "Shoes",
    tags: ["running"],
    currency: "EUR",
    options: ["Size"],
    variants: [
      {
        sku: "NR-42",
        options: ["EU 42"],
        priceMinor: 12_900,
        compareAtMinor: null,
        barcode: null,
        imageUrl: null,
      },
    ],
    images: [{ url: "https://shop.example/night-runner.jpg", altText: "The shoe from the side" }],
    description: "A running shoe that is easy to see after dark.",
  },
  snapshot: {
    dropId: DROP,
    version: VERSION,
    atMs: OPENS_AT_MS + 12_000,
    phase: "live",
    isPaused: false,
    message: null,
    lobbyOpensAtMs: OPENS_AT_MS - HOUR_MS,
    opensAtMs: OPENS_AT_MS,
    closesAtMs: OPENS_AT_MS + 2 * HOUR_MS,
    windowMs: 5_000,
    watermark: { cohort: 0, rank: 0.25 },
    standbyBefore: { cohort: -1, rank: 0 },
    isStandbyOpen: false,
    joined: 4_812,
    admitted: 240,
    rootedThrough: 1,
    revealedThrough: 1,
    waitsForBeacon: null,
    admitPerSecond: 20,
    pacePerSecond: 22.4,
    noShowShare: 0.11,
    skus: levels,
    soldOutAtMs: null,
  },
  recordHead: {
    dropId: DROP,
    version: VERSION,
    atMs: OPENS_AT_MS + 12_000,
    commitment: {
      dropId: DROP,
      anchor: VERSION,
      links: 32_767,
      publicKey: VERSION,
      beacon: null,
      committedAtMs: OPENS_AT_MS - 24 * HOUR_MS,
      signature: VERSION + VERSION,
    },
    notes: [{ atMs: OPENS_AT_MS - 24 * HOUR_MS, what: "published", detail: VERSION }],
    rootedThrough: 1,
    revealedThrough: 1,
    steps: 12,
    joined: 4_812,
    heldApart: null,
    ledgers: [{ skuId: "runner-42", rows: 288, hash: VERSION }],
  },
  signedRoot: { ...root, chunks: [VERSION] },
  cohortPage: {
    page: 0,
    isComplete: false,
    cohorts: [
      {
        ...root,
        before: 0,
        link: VERSION,
        beaconSignature: null,
        seed: VERSION,
        revealedAtMs: OPENS_AT_MS + 40,
      },
    ],
  },
  stepPage: {
    page: 0,
    isComplete: false,
    steps: [{ step: 1, atMs: OPENS_AT_MS + 1_000, cohort: 0, rank: 0.02, admitted: 20 }],
  },
  ledgerPage: {
    skuId: "runner-42",
    page: 0,
    isComplete: false,
    rows: [
      {
        seq: 1,
        atMs: OPENS_AT_MS - 86_400_000,
        kind: "configure",
        ticketId: null,
        quantity: 500,
        stock: 500,
        available: 500,
        reserved: 0,
        sold: 0,
      },
      {
        seq: 2,
        atMs: OPENS_AT_MS + 4_000,
        kind: "reserve",
        ticketId: TICKET,
        quantity: 1,
        stock: 500,
        available: 499,
        reserved: 1,
        sold: 0,
      },
    ],
  },
  ticket: { ticket: TOKEN, ticketId: TICKET, cohort: 0, chunk: 0, cohortClosesAtMs: OPENS_AT_MS },
  passRequest: { ticket: TOKEN },
  pass: {
    pass: TOKEN,
    cohort: 0,
    rank: 0.0173,
    issuedAtMs: OPENS_AT_MS + 2_000,
    expiresAtMs: OPENS_AT_MS + 602_000,
  },
  reserveRequest: { pass: TOKEN, lines: lines.map(({ skuId, quantity }) => ({ skuId, quantity })) },
  waitRequest: { pass: TOKEN, skuId: "runner-42", quantity: 1 },
  waiting: {
    reservationId: RESERVATION,
    skuId: "runner-42",
    quantity: 1,
    state: "waiting",
    ahead: 3,
    offer: null,
    pollAfterMs: 10_000,
  },
  reservation: {
    reservationId: RESERVATION,
    lines,
    subtotalMinor: 14_700,
    currency: "EUR",
    expiresAtMs: OPENS_AT_MS + 302_000,
  },
  placeRequest: {
    reservationId: RESERVATION,
    contact: { email: "ada@example.com" },
    shippingAddress,
    consents: { termsVersion: "2027-02-01" },
    payment: { kind: "token", token: "tok_ok" },
  },
  order: {
    orderId: ORDER,
    dropId: DROP,
    status: "processing",
    cancelReason: null,
    money: "authorized",
    lines,
    subtotalMinor: 14_700,
    charges: [
      { kind: "shipping", label: "Standard shipping", amountMinor: 490, isIncluded: false },
      { kind: "tax", label: "Tax 19 %", amountMinor: 2_425, isIncluded: true },
    ],
    totalMinor: 15_190,
    currency: "EUR",
    refund: "none",
    refundedMinor: 0,
    fulfillment: "unshipped",
    shipments: [],
    shippingAddress,
    consents: null,
    isCancelable: true,
    paymentUrl: null,
    placedAtMs: OPENS_AT_MS + 9_000,
    updatedAtMs: OPENS_AT_MS + 9_400,
    pollAfterMs: 1_000,
  },
};
