import { LOCAL_BEACON } from "../../../workers/edge/line/verify/beacons.ts";

export { LOCAL_BEACON };

/** Below the sandbox's address. */
export const LOCAL_BEACON_PATH = "/beacon";

/** What the state's variables say where the sandbox stands in for the public beacon. */
export const localBeaconVars = (sandboxUrl: string) => ({
  BEACON: JSON.stringify(LOCAL_BEACON),
  BEACON_URLS: `${sandboxUrl}${LOCAL_BEACON_PATH}`,
});
