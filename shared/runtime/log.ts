/** One constant sentence and its fields, as the Functions host takes them. */
export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** What an invocation offers to log with; the library's InvocationContext is one. */
export type LogTarget = {
  readonly info: (...parts: unknown[]) => void;
  readonly warn: (...parts: unknown[]) => void;
  readonly error: (...parts: unknown[]) => void;
};

export function logTo(target: LogTarget): Log {
  return (level, message, fields) => target[level](message, JSON.stringify(fields));
}
