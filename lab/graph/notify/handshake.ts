import { GraphProblem } from "../http/problem.ts";

const timeoutMs = 10_000;

/** Asks an endpoint to echo a token, as Graph does before it accepts a notification URL. Throws the 400. */
export async function proveEndpoint(url: string, token: string, closing: AbortSignal): Promise<void> {
  const address = new URL(url);
  address.searchParams.set("validationToken", token);
  // The query encoding Graph uses: spaces as %20, so that decoding is not a matter of taste.
  address.search = address.search.replaceAll("+", "%20");
  const answer = await ask(address, closing);
  if (answer.status !== 200) {
    throw failed(
      `Notification endpoint must respond with 200 OK to validation request; it responded with ${answer.status}.`,
    );
  }
  if (!answer.type.startsWith("text/plain")) {
    throw failed(`The validation response must be text/plain; it was '${answer.type}'.`);
  }
  if (answer.body !== token)
    throw failed("The validation response must be the decoded validation token and nothing else.");
}

async function ask(
  address: URL,
  closing: AbortSignal,
): Promise<{ status: number; type: string; body: string }> {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "text/plain; charset=utf-8" },
      redirect: "manual",
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), closing]),
    });
    const type = response.headers.get("content-type") ?? "";
    return { status: response.status, type, body: await response.text() };
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    throw failed(
      isLate ? "The validation request timed out." : "The notification endpoint could not be reached.",
    );
  }
}

function failed(reason: string): GraphProblem {
  return new GraphProblem(400, "InvalidRequest", `Subscription validation request failed. ${reason}`);
}
