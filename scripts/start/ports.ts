import { createServer } from "node:net";

/** The names of the ports that somebody else listens on. */
export async function takenPorts(ports: Record<string, number>): Promise<{ name: string; port: number }[]> {
  const checked = await Promise.all(
    Object.entries(ports).map(async ([name, port]) => ({ name, port, isFree: await isFree(port) })),
  );
  return checked.filter(({ isFree }) => !isFree);
}

/** Does nobody listen on this loopback port now? */
export function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once("error", () => answer(false));
    server.listen(port, "127.0.0.1", () => server.close(() => answer(true)));
  });
}
