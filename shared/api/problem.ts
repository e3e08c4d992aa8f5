/** An answer as the Functions host takes it. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/**
 * RFC 9457: what went wrong with this request, for people and programs. `detail` says what to do; `more` are members that the
 * standard leaves to us.
 */
type Problem = {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly more?: Readonly<Record<string, unknown>>;
};

export const json = (status: number, body: unknown): Answer => ({
  status,
  headers: { "content-type": "application/json", "x-content-type-options": "nosniff" },
  body: JSON.stringify(body),
});

export const problem = ({ status, title, detail, more = {} }: Problem): Answer => ({
  ...json(status, { type: "about:blank", status, title, detail, ...more }),
  headers: { "content-type": "application/problem+json", "x-content-type-options": "nosniff" },
});

/** RFC 6750: which token would do is not said to whoever has none. */
export const challenge = { "www-authenticate": 'Bearer error="invalid_token"' } as const;

export const unauthorized: Answer = (() => {
  const answer = problem({
    status: 401,
    title: "Unauthorized",
    detail: "Send a token of Microsoft Entra for this application, as docs/configuration.md says.",
  });
  return { ...answer, headers: { ...answer.headers, ...challenge } };
})();
