import type { HostCommand, HostReport } from "./host-messages.ts";
import type { HostLog } from "./invoke.ts";

/** How a host process speaks with the lab that forked it; started by hand, it prints instead. */
export type ParentChannel = {
  /** Resolves when the report has left the process. */
  send(report: HostReport): Promise<void>;
  /** What `handle` resolves with goes back to whoever gave the command. */
  onCommand(handle: (command: HostCommand) => Promise<number | void>): void;
  readonly log: HostLog;
  /** Resolves when everything said so far has left the process. */
  flush(): Promise<void>;
  readonly track: <T>(what: string, run: () => Promise<T>) => Promise<T>;
  /** Resolves when the lab lets an HTTP request in. */
  readonly admission: () => Promise<void>;
  /** Resolves when so much virtual time has passed. */
  readonly sleep: (ms: number, who: string) => Promise<void>;
  /** The lab has answered one of these. */
  readonly answered: (question: string) => void;
};

export function openParentChannel(): ParentChannel {
  let last = Promise.resolve();
  const send = (report: HostReport) =>
    (last = process.send === undefined ? print(report) : sendToParent(report));
  const asking = new Map<string, () => void>();
  let tracked = 0;
  let asked = 0;

  function ask(reportOf: (question: string) => HostReport): Promise<void> {
    // Started by hand, there is nobody to ask.
    if (process.send === undefined) return Promise.resolve();
    const question = String(++asked);
    const { promise, resolve } = Promise.withResolvers<void>();
    asking.set(question, resolve);
    void send(reportOf(question));
    return promise;
  }

  return {
    send,
    onCommand(handle) {
      process.on("message", (command: HostCommand) => {
        handle(command).then(
          (value) => send({ kind: "done", id: command.id, ...(value === undefined ? {} : { value }) }),
          (error: unknown) => send({ kind: "done", id: command.id, error: errorWithCauses(error) }),
        );
      });
    },
    log: (line) => void send({ kind: "log", line: { at: Date.now(), ...line } }),
    flush: () => last,
    admission: () => ask((request) => ({ kind: "asks", request })),
    sleep: (ms, who) => ask((sleep) => ({ kind: "sleeps", sleep, ms, who })),
    answered(question) {
      asking.get(question)?.();
      asking.delete(question);
    },
    async track(what, run) {
      const id = String(++tracked);
      void send({ kind: "began", id, what });
      try {
        return await run();
      } finally {
        void send({ kind: "ended", id });
      }
    },
  };
}

/** An error with its stack and its causes, for people. */
export function errorWithCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\nCaused by: ${errorWithCauses(error.cause)}`;
}

function sendToParent(report: HostReport): Promise<void> {
  // A parent that has gone is noticed by "disconnect", so a failed send needs no further care.
  return new Promise((resolve) => {
    if (process.connected) process.send?.(report, undefined, undefined, () => resolve());
    else resolve();
  });
}

async function print(report: HostReport): Promise<void> {
  if (report.kind === "ready") process.stdout.write(`host ready at http://127.0.0.1:${report.port}\n`);
  if (report.kind === "log") process.stdout.write(`${report.line.level} ${report.line.message}\n`);
}
