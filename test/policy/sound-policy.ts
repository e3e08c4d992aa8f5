/** A policy without mistakes, in every key that the tests then spoil; line numbers in the tests count from here. */
export const soundPolicy = `source:
  tenantId: 11111111-1111-4111-8111-111111111111
  extensionApp: 22222222-2222-4222-8222-222222222222
  stamps:
    socRoles: "{roles}"
    socSourceId: "{id}"
roles:
  reader: { group: 33333333-3333-4333-8333-333333333333 }
  responder: { group: SOC Responders }
  hunter:
    attributes: { department: SOC, jobTitle: Threat Hunter }
protected:
  - 44444444-4444-4444-8444-444444444444
profiles:
  standard:
    reader: { groups: [SOC Readers] }
targets:
  contoso:
    tenantId: 55555555-5555-4555-8555-555555555555
    topology: push
    mode: full
    tags: [emea]
    sync:
      servicePrincipal: 66666666-6666-4666-8666-666666666666
      job: Azure2Azure.contoso
      scope: { group: Sync to Contoso }
    profile: standard
  fabrikam:
    tenantId: 99999999-9999-4999-8999-999999999999
    topology: push
    sync:
      servicePrincipal: aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
      job: Azure2Azure.fabrikam
      scope: { group: Sync to Fabrikam }
    grants:
      responder: { groups: [SOC Responders] }
guardrails: { removals: { perRun: 7, share: 0.1 } }
leavers: { revokeSessions: false, block: false, deleteAfter: P1DT6H, accounts: all }
movers: { order: remove-first }
`;

/** The sound policy with one piece of it replaced; throws when the piece is not in it exactly once. */
export function spoilt(piece: string, replacement: string): string {
  const parts = soundPolicy.split(piece);
  if (parts.length !== 2)
    throw new Error(`${JSON.stringify(piece)} is in the policy ${parts.length - 1} times`);
  return parts.join(replacement);
}
