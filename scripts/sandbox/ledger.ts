import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export const LEDGER_PAGE_ROWS = 1_000;

export type SessionStatus = "open" | "authorized" | "expired";
export type PaymentStatus = "authorized" | "captured" | "voided" | "refunded";

export interface SessionRow {
  id: string;
  order: string;
  amountMinor: number;
  currency: string;
  returnUrl: string;
  expiresAtMs: number;
  status: SessionStatus;
  paymentId: string | null;
  tries: number;
}

export interface PaymentRow {
  id: string;
  /** Sequence number of the operation that made it. */
  seq: number;
  order: string;
  sessionId: string | null;
  amountMinor: number;
  currency: string;
  token: string;
  status: PaymentStatus;
  capturedMinor: number;
  voidedMinor: number;
  refundedMinor: number;
}

/** One thing that was done or refused for good; never changed afterwards. Requests that hung before being done are none. */
export interface OperationRow {
  seq: number;
  /** null for what happened on the hosted page or by the clock. */
  key: string | null;
  fingerprint: string | null;
  atMs: number;
  operation: "session" | "authorize" | "capture" | "void" | "refund" | "expire";
  outcome: "succeeded" | "declined" | "refused" | "refused_double_capture";
  code: string | null;
  order: string;
  sessionId: string | null;
  paymentId: string | null;
  amountMinor: number;
  /** The HTTP status and body that were answered, and are answered to every repeat. */
  status: number;
  body: string;
}

export interface DeliveryRow {
  row: number;
  messageId: string;
  body: string;
  tries: number;
}

const MIGRATIONS = [
  `CREATE TABLE operations (
     seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT, fingerprint TEXT, atMs INTEGER NOT NULL, operation TEXT NOT NULL,
     outcome TEXT NOT NULL, code TEXT, "order" TEXT NOT NULL, sessionId TEXT, paymentId TEXT, amountMinor INTEGER NOT NULL,
     status INTEGER NOT NULL, body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX operations_by_key ON operations (key, seq) WHERE key IS NOT NULL;
   CREATE TABLE sessions (
     id TEXT PRIMARY KEY, "order" TEXT NOT NULL, amountMinor INTEGER NOT NULL, currency TEXT NOT NULL, returnUrl TEXT NOT NULL,
     expiresAtMs INTEGER NOT NULL, status TEXT NOT NULL, paymentId TEXT, tries INTEGER NOT NULL DEFAULT 0
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX sessions_open ON sessions (expiresAtMs) WHERE status = 'open';
   CREATE TABLE payments (
     id TEXT PRIMARY KEY, seq INTEGER NOT NULL, "order" TEXT NOT NULL, sessionId TEXT, amountMinor INTEGER NOT NULL,
     currency TEXT NOT NULL, token TEXT NOT NULL, status TEXT NOT NULL, capturedMinor INTEGER NOT NULL DEFAULT 0,
     voidedMinor INTEGER NOT NULL DEFAULT 0, refundedMinor INTEGER NOT NULL DEFAULT 0,
     CHECK (capturedMinor + voidedMinor <= amountMinor AND refundedMinor <= capturedMinor)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX payments_by_seq ON payments (seq);
   CREATE TABLE deliveries (
     row INTEGER PRIMARY KEY, messageId TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, nextAtMs INTEGER NOT NULL,
     tries INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX deliveries_due ON deliveries (nextAtMs) WHERE state = 'pending';
   CREATE TABLE tries (key TEXT PRIMARY KEY, tries INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
];

const OPERATION_COLUMNS = `seq, key, fingerprint, atMs, operation, outcome, code, "order", sessionId, paymentId, amountMinor, status, body`;
const PAYMENT_COLUMNS = `id, seq, "order", sessionId, amountMinor, currency, token, status, capturedMinor, voidedMinor, refundedMinor`;

export type Ledger = ReturnType<typeof openLedger>;

/**
 * The gateway's books. What a method has returned survives `kill -9` of this process (WAL; not a loss of power).
 * `dir: null` keeps them in memory. The only SQL of the sandbox.
 */
export function openLedger(dir: string | null) {
  if (dir !== null) mkdirSync(dir, { recursive: true });
  const db = new DatabaseSync(dir === null ? ":memory:" : join(dir, "sandbox.sqlite"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;");
  migrate(db);

  const statements = new Map<string, StatementSync>();
  const sql = (text: string): StatementSync => {
    const statement = statements.get(text) ?? db.prepare(text);
    statements.set(text, statement);
    return statement;
  };
  const run = (text: string, values: Record<string, SQLInputValue>) => sql(text).run(values);
  const one = <Row>(text: string, values: Record<string, SQLInputValue>) =>
    sql(text).get(values) as Row | undefined;
  const all = <Row>(text: string, values: Record<string, SQLInputValue>) => sql(text).all(values) as Row[];

  return {
    /** All or nothing; `act` must not await. */
    transact<Value>(act: () => Value): Value {
      db.exec("BEGIN IMMEDIATE");
      try {
        const value = act();
        db.exec("COMMIT");
        return value;
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },

    /** Counts one more request with this key and answers how many there have been. */
    countTry(key: string): number {
      const row = one<{ tries: number }>(
        "INSERT INTO tries (key, tries) VALUES ($key, 1) ON CONFLICT DO UPDATE SET tries = tries + 1 RETURNING tries",
        { key },
      );
      return row?.tries ?? 1;
    },

    recall: (key: string, sinceMs: number) =>
      one<OperationRow>(
        `SELECT ${OPERATION_COLUMNS} FROM operations WHERE key = $key AND atMs > $sinceMs ORDER BY seq DESC LIMIT 1`,
        { key, sinceMs },
      ),

    appendOperation: (row: Omit<OperationRow, "seq">): number =>
      Number(
        run(
          `INSERT INTO operations (key, fingerprint, atMs, operation, outcome, code, "order", sessionId, paymentId, amountMinor, status, body)
           VALUES ($key, $fingerprint, $atMs, $operation, $outcome, $code, $order, $sessionId, $paymentId, $amountMinor, $status, $body)`,
          row,
        ).lastInsertRowid,
      ),

    session: (id: string) => one<SessionRow>("SELECT * FROM sessions WHERE id = $id", { id }),
    openSessionsPast: (nowMs: number) =>
      all<SessionRow>("SELECT * FROM sessions WHERE status = 'open' AND expiresAtMs <= $nowMs LIMIT 100", {
        nowMs,
      }),
    insertSession: (row: Omit<SessionRow, "tries" | "paymentId" | "status">) =>
      run(
        `INSERT INTO sessions (id, "order", amountMinor, currency, returnUrl, expiresAtMs, status)
         VALUES ($id, $order, $amountMinor, $currency, $returnUrl, $expiresAtMs, 'open')`,
        row,
      ),
    /** Only an open session changes: whoever comes second changes nothing. */
    settleSession: (row: { id: string; status: SessionStatus; paymentId: string | null }) =>
      run(
        "UPDATE sessions SET status = $status, paymentId = $paymentId WHERE id = $id AND status = 'open'",
        row,
      ),
    countSessionTry: (id: string) => run("UPDATE sessions SET tries = tries + 1 WHERE id = $id", { id }),

    payment: (id: string) =>
      one<PaymentRow>(`SELECT ${PAYMENT_COLUMNS} FROM payments WHERE id = $id`, { id }),
    insertPayment: (row: Omit<PaymentRow, "status" | "capturedMinor" | "voidedMinor" | "refundedMinor">) =>
      run(
        `INSERT INTO payments (id, seq, "order", sessionId, amountMinor, currency, token, status)
         VALUES ($id, $seq, $order, $sessionId, $amountMinor, $currency, $token, 'authorized')`,
        row,
      ),
    updatePayment: (
      row: Pick<PaymentRow, "id" | "status" | "capturedMinor" | "voidedMinor" | "refundedMinor">,
    ) =>
      run(
        `UPDATE payments SET status = $status, capturedMinor = $capturedMinor, voidedMinor = $voidedMinor,
         refundedMinor = $refundedMinor WHERE id = $id`,
        row,
      ),

    enqueueDelivery: (row: {
      messageId: string;
      body: string;
      state: "pending" | "dropped";
      nextAtMs: number;
    }) =>
      run(
        "INSERT INTO deliveries (messageId, body, state, nextAtMs) VALUES ($messageId, $body, $state, $nextAtMs)",
        row,
      ),
    dueDeliveries: (nowMs: number, limit: number) =>
      all<DeliveryRow>(
        `SELECT row, messageId, body, tries FROM deliveries WHERE state = 'pending' AND nextAtMs <= $nowMs
         ORDER BY nextAtMs LIMIT $limit`,
        { nowMs, limit },
      ),
    settleDelivery: (row: { row: number; state: "pending" | "delivered" | "abandoned"; nextAtMs: number }) =>
      run(
        "UPDATE deliveries SET state = $state, nextAtMs = $nextAtMs, tries = tries + 1 WHERE row = $row",
        row,
      ),
    deliveryCounts: () =>
      Object.fromEntries(
        all<{ state: string; count: number }>(
          "SELECT state, count(*) AS count FROM deliveries GROUP BY state",
          {},
        ).map(({ state, count }) => [state, count]),
      ),

    operationsAfter: (after: number) =>
      all<OperationRow>(
        `SELECT ${OPERATION_COLUMNS} FROM operations WHERE seq > $after ORDER BY seq LIMIT ${LEDGER_PAGE_ROWS}`,
        { after },
      ),
    paymentsMadeBetween: (after: number, last: number) =>
      all<PaymentRow>(
        `SELECT ${PAYMENT_COLUMNS} FROM payments WHERE seq > $after AND seq <= $last ORDER BY seq`,
        { after, last },
      ),

    close: () => db.close(),
  };
}

function migrate(db: DatabaseSync): void {
  const { user_version: done } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < done) continue;
    db.exec(`BEGIN; ${migration} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}
