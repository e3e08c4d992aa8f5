/** The application permissions that a call needs. */
export type CallPermissions = {
  readonly method: string;
  /** With `{id}` for every placeholder. A cast or `/$count` at its end needs what the path without it needs. */
  readonly path: string;
  readonly needs: AnyOf;
  /** Properties whose reading or writing needs something else. */
  readonly properties?: Readonly<Record<string, AnyOf>>;
};

/** One of these suffices; those in an inner list count only together. */
export type AnyOf = readonly (string | readonly string[])[];
