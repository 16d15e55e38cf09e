import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";

const KEPT_LINES = 500;

export interface RuntimeLog {
  write(entry: { level: string; message: string }): void;
  /** The last lines, oldest first. */
  recent(): string[];
  close(): Promise<void>;
}

/** What the Workers print, and every exception that none of them caught: in `<stateDir>/runtime.log`, and on stderr unless quiet. */
export function openRuntimeLog(stateDir: string | null, quiet: boolean): RuntimeLog {
  const kept: string[] = [];
  if (stateDir !== null) mkdirSync(stateDir, { recursive: true });
  const file =
    stateDir === null ? undefined : createWriteStream(join(stateDir, "runtime.log"), { flags: "a" });
  return {
    write({ level, message }) {
      const line = `${new Date().toISOString()} ${level} ${message.trimEnd()}`;
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      file?.write(`${line}\n`);
      if (!quiet) process.stderr.write(`${line}\n`);
    },
    recent: () => [...kept],
    close: () => new Promise((done) => (file === undefined ? done() : file.end(done))),
  };
}
