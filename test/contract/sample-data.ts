import type { GraphData } from "./data.ts";
import { parseMetadata } from "./parse-metadata.ts";
import { parsePermissions } from "./permissions.ts";

/*
 * A small invented service in Graph's notation: sailors, crews and a harbour. It lets the checker be tested without
 * Microsoft's files. The namespace and the two base types are Graph's, because Graph's own rules hang on them.
 */

const csdl = `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>
    <Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EnumType Name="rank"><Member Name="deckhand" Value="0" /><Member Name="mate" Value="1" /></EnumType>
      <EnumType Name="weather" IsFlags="true">
        <Member Name="fog" Value="1" /><Member Name="storm" Value="2" />
      </EnumType>
      <ComplexType Name="berth">
        <Property Name="quay" Type="Edm.String" Nullable="false" />
        <Property Name="number" Type="Edm.Int32" />
      </ComplexType>
      <ComplexType Name="signal" Abstract="true"><Property Name="text" Type="Edm.String" /></ComplexType>
      <ComplexType Name="flagSignal" BaseType="graph.signal">
        <Property Name="colours" Type="Collection(Edm.String)" />
      </ComplexType>
      <ComplexType Name="remarks" OpenType="true" />
      <EntityType Name="entity" Abstract="true">
        <Key><PropertyRef Name="id" /></Key>
        <Property Name="id" Type="Edm.String" Nullable="false" />
      </EntityType>
      <EntityType Name="directoryObject" BaseType="graph.entity" OpenType="true" />
      <EntityType Name="user" BaseType="graph.directoryObject" OpenType="true">
        <Property Name="callSigns" Type="Collection(Edm.String)" Nullable="false" />
        <Property Name="home" Type="graph.berth" />
        <Property Name="joined" Type="Edm.DateTimeOffset" Nullable="false" />
        <Property Name="onDuty" Type="Edm.Boolean" />
        <Property Name="rank" Type="graph.rank" />
        <Property Name="remarks" Type="graph.remarks" />
        <Property Name="serial" Type="Edm.Guid" />
        <Property Name="signals" Type="Collection(graph.signal)" />
        <Property Name="voyages" Type="Edm.Int32" Nullable="false" />
        <Property Name="watch" Type="Edm.Duration" />
        <NavigationProperty Name="captain" Type="graph.directoryObject" />
        <NavigationProperty Name="crews" Type="Collection(graph.directoryObject)" />
        <NavigationProperty Name="logs" Type="Collection(graph.logEntry)" ContainsTarget="true" />
      </EntityType>
      <EntityType Name="group" BaseType="graph.directoryObject" OpenType="true">
        <Property Name="motto" Type="Edm.String" />
        <NavigationProperty Name="sailors" Type="Collection(graph.directoryObject)" />
      </EntityType>
      <EntityType Name="logEntry" BaseType="graph.entity">
        <Property Name="seen" Type="graph.weather" />
        <Property Name="words" Type="Edm.String" />
      </EntityType>
      <EntityType Name="harbour">
        <NavigationProperty Name="plan" Type="graph.logEntry" ContainsTarget="true" />
        <NavigationProperty Name="lost" Type="Collection(graph.directoryObject)" />
        <NavigationProperty Name="guards" Type="Collection(night.guard)" ContainsTarget="true" />
      </EntityType>
      <Action Name="hail" IsBound="true">
        <Parameter Name="bindingParameter" Type="graph.user" />
        <Parameter Name="words" Type="Collection(Edm.String)" Nullable="false" />
        <Parameter Name="loud" Type="Edm.Boolean" />
        <ReturnType Type="Collection(Edm.String)" />
      </Action>
      <Action Name="recall" IsBound="true">
        <Parameter Name="bindingParameter" Type="graph.directoryObject" />
        <ReturnType Type="graph.directoryObject" />
      </Action>
      <Function Name="delta" IsBound="true">
        <Parameter Name="bindingParameter" Type="Collection(graph.user)" />
        <ReturnType Type="Collection(graph.user)" />
      </Function>
      <Function Name="between" IsBound="true">
        <Parameter Name="bindingParameter" Type="Collection(graph.logEntry)" />
        <Parameter Name="from" Type="Edm.Date" />
        <Parameter Name="to" Type="Edm.Date" />
        <ReturnType Type="Collection(graph.logEntry)" />
      </Function>
      <EntityContainer Name="Service">
        <EntitySet Name="users" EntityType="microsoft.graph.user" />
        <EntitySet Name="groups" EntityType="microsoft.graph.group" />
        <EntitySet Name="directoryObjects" EntityType="microsoft.graph.directoryObject" />
        <Singleton Name="harbour" Type="microsoft.graph.harbour" />
      </EntityContainer>
      <Annotations Target="graph.harbour/plan">
        <Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions">
          <Record>
            <PropertyValue Property="UpdateMethod">
              <EnumMember>Org.OData.Capabilities.V1.HttpMethod/PUT</EnumMember>
            </PropertyValue>
          </Record>
        </Annotation>
      </Annotations>
      <Annotations Target="graph.harbour/lost">
        <Annotation Term="Org.OData.Capabilities.V1.DeleteRestrictions">
          <Record><PropertyValue Property="Deletable" Bool="true" /></Record>
        </Annotation>
      </Annotations>
      <Annotations Target="graph.user/serial">
        <Annotation Term="Org.OData.Core.V1.Computed" Bool="true" />
      </Annotations>
    </Schema>
    <Schema Namespace="microsoft.graph.night" Alias="night" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EntityType Name="guard" BaseType="graph.entity">
        <Property Name="lantern" Type="Edm.Boolean" />
      </EntityType>
      <EntityType Name="chiefGuard" BaseType="night.guard">
        <Property Name="whistle" Type="Edm.String" />
      </EntityType>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>`;

const both = ["DelegatedWork", "Application"];

function permission(
  privilegeLevel: number,
  rows: readonly { methods: readonly string[]; schemes?: readonly string[]; paths: Record<string, string> }[],
) {
  return {
    schemes: { Application: { privilegeLevel }, DelegatedWork: { privilegeLevel } },
    pathSets: rows.map(({ methods, schemes = both, paths }) => ({ schemeKeys: schemes, methods, paths })),
  };
}

const permissions = {
  permissions: {
    "Sailor.Read.All": permission(2, [
      { methods: ["GET"], paths: { "/users": "least=DelegatedWork,Application", "/Users/{id}/logs": "" } },
    ]),
    "Sailor.ReadWrite.All": permission(4, [
      { methods: ["GET", "PATCH"], paths: { "/users": "least=DelegatedWork,Application" } },
      { methods: ["GET"], paths: { "/users/{id}/logs": "least=DelegatedWork" } },
    ]),
    "Sailor.Recall": permission(1, [
      {
        methods: ["POST"],
        paths: { "/users/{user-id}/recall": "least=Application;AlsoRequires=Harbour.Read,Crew.Read.All" },
      },
      { methods: ["POST"], schemes: ["DelegatedWork"], paths: { "/users/{id}/hail": "least=DelegatedWork" } },
    ]),
    "Crew.ReadWrite.All": permission(3, [
      { methods: ["DELETE"], paths: { "/groups/{id}/sailors/{id}": "least=Application" } },
      { methods: ["GET"], paths: { "/groups/{id}": "least=Application" } },
    ]),
    "Crew.Read.All": permission(3, [
      {
        methods: ["GET"],
        paths: { "/groups/{id}": "least=Application", "/groups/{id}/sailors": "least=Application" },
      },
      { methods: ["POST"], paths: { "/users/{id}/recall": "least=Application;AlsoRequires=Sailor.Recall" } },
    ]),
    // The documentation has an entry for this call, made for a table without this row.
    "Harbour.Read": permission(2, [{ methods: ["GET"], paths: { "/subscriptions": "least=Application" } }]),
  },
};

export const sampleData: GraphData = {
  metadata: parseMetadata(csdl),
  permissions: parsePermissions(JSON.stringify(permissions)),
};
