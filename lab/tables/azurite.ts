import { fork, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabClock } from "../clock.ts";
import { freePort } from "../free-port.ts";
import { openDoor, type Door } from "./door.ts";

/** Azurite's table service, in memory, in a process of its own, behind a door in this process. */
export type TableServer = {
  readonly connectionString: string;
  readonly door: Pick<Door, "shut" | "open" | "isOpen" | "slow">;
  /** Requests that are being answered. */
  readonly busy: () => string[];
  readonly close: () => Promise<void>;
};

const account = "lab";

export async function startTables(clock: LabClock): Promise<TableServer> {
  const port = await freePort();
  const accountKey = randomBytes(32).toString("base64");
  const options = ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"];
  const child = fork(
    join(import.meta.dirname, "main.ts"),
    ["--tableHost", "127.0.0.1", "--tablePort", String(port), ...options],
    {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${accountKey}` },
      execArgv: [],
    },
  );
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  await listening(child, port, () => complaint);
  const door = await openDoor(clock, port);
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};TableEndpoint=http://127.0.0.1:${door.port}/${account};`,
    door,
    busy() {
      const count = door.unanswered();
      return count === 0 ? [] : [`tables: ${count} requests`];
    },
    async close() {
      await door.close();
      await ended(child);
    },
  };
}

const patienceMs = 20_000;

async function listening(child: ChildProcess, port: number, complaint: () => string): Promise<void> {
  const until = Date.now() + patienceMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`Azurite ended with code ${child.exitCode}: ${complaint()}`);
    if (Date.now() > until)
      throw new Error(`Azurite does not listen on port ${port} after ${patienceMs} ms: ${complaint()}`);
    await sleep(25);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => socket.destroy() && resolve(true));
    socket.once("error", () => resolve(false));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGKILL"); // everything it holds is in memory and meant to go
  });
}
