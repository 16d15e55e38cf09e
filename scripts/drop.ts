// `npm run drop`: a brand's documents, from a file to the shop.
import type { Result } from "../schema/result.ts";
import { commandLine } from "./command-line.ts";
import { findConsole } from "./console/access.ts";
import type { Failure } from "./console/ask.ts";
import { type DropOptions, HELP, parseDropOptions } from "./drop/options.ts";
import { checkFile, command, publish, putFile, show, writeSchema } from "./drop/verbs.ts";
import { saidActed, saidChecked, saidFailure, saidPublished, saidShown } from "./drop/words.ts";

const REFUSED = 1;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = commandLine(parseDropOptions, HELP);
  try {
    return await run(options);
  } catch (error) {
    const title = (error as Error).message;
    if (options.json) console.log(JSON.stringify({ title }, null, 2));
    else console.error(title);
    return REFUSED;
  }
}

async function run(options: DropOptions): Promise<number> {
  const { verb, subject, file, act } = options;
  if (verb === "schema") {
    const text = await writeSchema(file);
    if (file === undefined) process.stdout.write(text);
    return 0;
  }
  if (verb === "check")
    return tell(options, await checkFile(subject, Date.now()), (checked) => saidChecked(checked, "is right"));
  const access = await findConsole({ console: options.console, edge: undefined });
  if (act !== null) return tell(options, await command(access, subject, act), (line) => saidActed(act, line));
  switch (verb) {
    case "put":
      return tell(options, await putFile(access, subject), (stored) =>
        saidChecked(stored, "is stored as a draft"),
      );
    case "publish":
      return tell(options, await publish(access, subject, file), saidPublished);
    case "show":
      return tell(options, await show(access, subject), (shown) => saidShown(subject, shown));
  }
}

function tell<Value>(
  { json }: DropOptions,
  answer: Result<Value, Failure>,
  words: (value: Value) => string,
): number {
  if (json) console.log(JSON.stringify(answer.ok ? answer.value : answer.refusal, null, 2));
  else if (answer.ok) console.log(words(answer.value));
  else console.error(saidFailure(answer.refusal));
  return answer.ok ? 0 : REFUSED;
}
