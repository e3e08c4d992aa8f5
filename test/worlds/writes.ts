import type { TrafficRecord } from "../../lab/graph/record/traffic.ts";

/** What the app did to change something; subscriptions are renewed by the hour, and count as nobody's change. */
export const isWrite = ({ caller, method, template }: TrafficRecord): boolean =>
  caller === "app" && method !== "GET" && !/\/(?:\$batch|checkMemberGroups)$|^\/subscriptions/.test(template);

export const wordsOfWrite = ({ method, path, status, requestBody }: TrafficRecord): string =>
  `${method} ${path} ${status} ${JSON.stringify(requestBody ?? "")}`;
