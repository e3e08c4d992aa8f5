/** What the clients of tables, Service Bus and identities throw, by name: their classes differ from one package to the next. */
const names = new Set([
  "RestError",
  "ServiceBusError",
  "MessagingError",
  "AggregateAuthenticationError",
  "AuthenticationError",
  "AuthenticationRequiredError",
  "CredentialUnavailableError",
  "OperationTimeoutError",
  "TimeoutError",
]);

/** Whether something that was thrown says that what Muster stands on does not answer. Anything else is a fault of its own. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // ECONNRESET, ENOENT and the like are what the system says; Node's own begin with ERR_.
  return names.has(error.name) || ("code" in error && /^E[A-Z]+$/.test(String(error.code)));
}
