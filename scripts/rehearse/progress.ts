const TTY_EVERY_MS = 250;
const LINE_EVERY_MS = 3_000;

export type Progress = {
  /** Replaces what the live line says from now on. */
  show(words: () => string): void;
  /** A line that stays. */
  say(words: string): void;
  stop(): void;
};

/** One live line on a terminal; elsewhere a line every few seconds, and only if it changed. */
export function startProgress(output: NodeJS.WriteStream): Progress {
  let current = () => "";
  let last = "";
  const clear = () => {
    if (output.isTTY) output.write("\r\u001b[2K");
  };
  const ticking = setInterval(
    () => {
      const words = current();
      if (words === "" || words === last) return;
      last = words;
      if (output.isTTY) output.write(`\r\u001b[2K${words.slice(0, (output.columns || 120) - 1)}`);
      else output.write(`${words}\n`);
    },
    output.isTTY ? TTY_EVERY_MS : LINE_EVERY_MS,
  );
  return {
    show(words) {
      current = words;
    },
    say(words) {
      clear();
      output.write(`${words}\n`);
    },
    stop() {
      clearInterval(ticking);
      clear();
    },
  };
}

/** For tests: says nothing. */
export const silentProgress: Progress = { show() {}, say() {}, stop() {} };
