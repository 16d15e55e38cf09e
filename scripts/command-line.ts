const NOT_UNDERSTOOD = 2;

/**
 * What a script was asked to do. Asked for help, it prints it and ends the process with 0; what `read` throws it says, with
 * the help, and ends it with 2. Nothing has begun by then. `read` may answer null for help as well.
 */
export function commandLine<Options>(read: (argv: string[]) => Options | null, help: string): Options {
  const argv = process.argv.slice(2);
  let options: Options | null = null;
  try {
    if (!argv.includes("--help") && !argv.includes("-h")) options = read(argv);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help.trimEnd()}`);
    process.exit(NOT_UNDERSTOOD);
  }
  if (options === null) {
    console.log(help.trimEnd());
    process.exit(0);
  }
  return options;
}

/** For readers that say what is wrong instead of throwing it. @throws the complaint. */
export function understood<Options>(
  parsed: { ok: true; options: Options } | { ok: false; complaint: string },
): Options {
  if (!parsed.ok) throw new Error(parsed.complaint);
  return parsed.options;
}
