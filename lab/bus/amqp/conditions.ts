/** AMQP error conditions of Service Bus, with texts that name what went wrong. The client maps them to error codes. */
export type Refusal = { readonly condition: string; readonly description: string };

/** The client recognises a missing entity by this sentence, not by the condition. */
export function entityNotFound(address: string): Refusal {
  return {
    condition: "amqp:not-found",
    description: `The messaging entity '${address}' could not be found.`,
  };
}

export function notAllowed(description: string): Refusal {
  return { condition: "amqp:not-allowed", description };
}

export function badArgument(description: string): Refusal {
  return { condition: "com.microsoft:argument-error", description };
}

export function messageTooLarge(bytes: number, maxBytes: number): Refusal {
  return {
    condition: "amqp:link:message-size-exceeded",
    description: `The message has ${bytes} bytes; this link takes at most ${maxBytes}.`,
  };
}

/** Learn, "AMQP errors in Azure Service Bus": the broker closes links, and clients open them again. */
export function detachForced(linkName: string, why: string): Refusal {
  return {
    condition: "amqp:link:detach-forced",
    description: `The link '${linkName}' is force detached by the broker: ${why}.`,
  };
}

export function messageNotFound(queue: string): Refusal {
  return {
    condition: "com.microsoft:message-not-found",
    description: `Not every message asked for is in '${queue}' in the state this operation needs.`,
  };
}

export function messageLockLost(queue: string): Refusal {
  return {
    condition: "com.microsoft:message-lock-lost",
    description: `The lock of the message in '${queue}' has expired or was released; receive the message again.`,
  };
}

export function sessionLockLost(queue: string): Refusal {
  return {
    condition: "com.microsoft:session-lock-lost",
    description: `The lock of the session in '${queue}' has expired or was released; accept the session again.`,
  };
}

export function sessionTaken(queue: string, sessionId: string): Refusal {
  return {
    condition: "com.microsoft:session-cannot-be-locked",
    description: `Another receiver holds session '${sessionId}' of '${queue}'.`,
  };
}

export function noSessionInTime(queue: string, timeoutMs: number): Refusal {
  return {
    condition: "com.microsoft:timeout",
    description: `No session of '${queue}' had messages and no receiver within ${timeoutMs} ms.`,
  };
}
