import * as v from "valibot";
import { DryRunSchema } from "../../../ingest/dry-run";
import { EVENT_CODES, REQUEST_PROBLEMS } from "../../../model/codes";
import { CountSchema } from "../../../model/count";
import { EventSchema } from "../../../model/event/event";
import { MAX_EVENTS_PER_REQUEST } from "../../../model/limits";
import {
  AlertDetailSchema,
  AlertListSchema,
  AlertSchema,
  CreateAlertSchema,
  NewAlertSchema,
} from "../../admin/alert-schemas";
import {
  ApplicationPageSchema,
  ApplicationSchema,
  ChangeApplicationSchema,
  CreateApplicationSchema,
  CreateKeySchema,
  KeySchema,
  NewApplicationSchema,
  NewKeySchema,
  RotatedKeySchema,
} from "../../admin/application-schemas";
import { AcceptLossInput, AcceptLossResponse, MissingObjectsResponse } from "../../admin/missing-objects";
import { SettingsInput, SettingsSchema } from "../../admin/settings";
import { CompactResponse, StorageResponse } from "../../admin/storage";
import { ErasurePageSchema, ErasureSchema } from "../../erasures/erasure-schemas";
import { ErrorSummaryResponse } from "../../errors/error-summary";
import { ErrorsResponse, StoredErrorSchema } from "../../errors/errors";
import {
  EventTypeInput,
  EventTypePageSchema,
  EventTypePatch,
  EventTypePropertiesSchema,
  EventTypeSchema,
  EventTypeVersionSchema,
  VersionListSchema,
} from "../../event-types/event-type-schemas";
import { CheckInput, CheckSchema, ProposalSchema } from "../../event-types/trial-schemas";
import { EventsResponse } from "../../events/events";
import { ReceiptResponse } from "../../events/receipts";
import { StoredEventSchema } from "../../events/stored-event";
import { PropertiesResponse } from "../../questions/properties";
import {
  QuestionInput,
  RunInput,
  SavedQuestionListSchema,
  SavedQuestionSchema,
} from "../../questions/saved-question-schemas";
import { SessionStatsResponse } from "../../questions/stats/session-stats-body";
import { StatsResponse } from "../../questions/stats/stats-body";
import { CreateReplaySchema, PreviewSchema, ReplayPageSchema, ReplaySchema } from "../../replays/replay-schemas";
import { FunnelInput, FunnelResponse } from "../../sequences/funnels";
import { JobResponse } from "../../sequences/jobs";
import { PathsInput, PathsResponse } from "../../sequences/paths";
import { RetentionResponse } from "../../sequences/retention";
import { JobStartedSchema } from "../../sequences/sequence-schemas";
import { SessionResponse } from "../../sessions/session";
import { SessionsResponse } from "../../sessions/sessions";
import { VisitorResponse } from "../../sessions/visitors";

const OpenEventSchema = v.pipe(
  v.objectWithRest(EventSchema.entries, v.unknown()),
  v.description("Members that are not listed here are stored too, and returned under `extra`."),
);

const BatchSchema = v.pipe(v.array(OpenEventSchema), v.minLength(1), v.maxLength(MAX_EVENTS_PER_REQUEST));

const AcceptedSchema = v.object({
  accepted: v.pipe(CountSchema, v.description("The number of accepted events.")),
  ids: v.pipe(
    v.array(v.string()),
    v.description("Their ids in the order sent. An event that was sent without an id gets one here."),
  ),
});

const DependencySchema = v.object({
  status: v.picklist(["ok", "failed"]),
  ms: v.pipe(v.number(), v.description("The response time in milliseconds.")),
  backlog: v.optional(
    v.pipe(
      v.union([v.object({ messages: CountSchema, bytes: CountSchema }), v.literal("unknown")]),
      v.description("Only for queues."),
    ),
  ),
});

const HealthSchema = v.object({
  status: v.picklist(["ok", "degraded"]),
  version: v.string(),
  dependencies: v.optional(
    v.pipe(
      v.record(v.string(), DependencySchema),
      v.description("The dependencies by the names of their bindings. Only with an admin key."),
    ),
  ),
});

const names = <Name extends string>(table: Record<Name, unknown>) => Object.keys(table) as [Name, ...Name[]];

export const REQUEST_PROBLEM_NAMES = names(REQUEST_PROBLEMS);

export const ALL_CODES = [...REQUEST_PROBLEM_NAMES, ...names(EVENT_CODES)];

const ProblemSchema = v.pipe(
  v.looseObject({
    type: v.pipe(
      v.string(),
      v.description(
        "Where the code is explained, `/problems/<code>`: a reference relative to the requested URL (RFC 3986).",
      ),
    ),
    title: v.string(),
    status: v.pipe(v.number(), v.integer()),
    code: v.pipe(v.picklist(REQUEST_PROBLEM_NAMES), v.description("A stable identifier. Clients should decide by it.")),
    detail: v.pipe(v.string(), v.description("What is wrong with this request, and what is accepted instead.")),
    parameter: v.optional(v.pipe(v.string(), v.description("The invalid parameter or member."))),
    takes: v.optional(v.pipe(v.array(v.string()), v.description("The known parameters."))),
    limit: v.optional(v.pipe(v.number(), v.description("The limit that was exceeded."))),
    actual: v.optional(v.pipe(v.number(), v.description("The value that was found."))),
    line: v.optional(v.pipe(v.number(), v.description("The line where the body is not valid JSON, starting at 1."))),
    column: v.optional(v.pipe(v.number(), v.description("The column in that line, starting at 1."))),
    path: v.optional(v.pipe(v.string(), v.description("The location in the schema, as a JSON pointer."))),
    scope: v.optional(v.pipe(v.string(), v.description("The scope that the operation needs."))),
  }),
  v.description("What is wrong with a request (RFC 9457)."),
);

const CodeSchema = v.object({
  code: v.picklist(ALL_CODES),
  about: v.pipe(
    v.picklist(["request", "event"]),
    v.description(
      "Codes of requests are returned in the response. Codes of events are found later and listed by /theeye/errors.",
    ),
  ),
  title: v.string(),
  status: v.pipe(v.nullable(CountSchema), v.description("The HTTP status of the response; null for codes of events.")),
  meaning: v.string(),
  fix: v.pipe(v.string(), v.description("How to fix it.")),
});

const QuestionAnswerSchema = v.pipe(
  v.record(v.string(), v.unknown()),
  v.description("The response of the question's operation."),
);

/** All schemas of requests and responses, by their names in the document. */
export const SCHEMAS = {
  Event: OpenEventSchema,
  EventBatch: BatchSchema,
  Accepted: AcceptedSchema,
  StoredEvent: StoredEventSchema,
  EventPage: EventsResponse,
  SessionPage: SessionsResponse,
  Session: SessionResponse,
  ErrorPage: ErrorsResponse,
  StoredError: StoredErrorSchema,
  ErrorSummary: ErrorSummaryResponse,
  CreateReplay: CreateReplaySchema,
  Replay: ReplaySchema,
  ReplayPage: ReplayPageSchema,
  ReplayPreview: PreviewSchema,
  Receipt: ReceiptResponse,
  Stats: StatsResponse,
  SessionStats: SessionStatsResponse,
  Properties: PropertiesResponse,
  EventTypePatch,
  EventTypeProperties: EventTypePropertiesSchema,
  FunnelInput,
  Funnel: FunnelResponse,
  PathsInput,
  Paths: PathsResponse,
  Retention: RetentionResponse,
  JobStarted: JobStartedSchema,
  Job: JobResponse,
  Visitor: VisitorResponse,
  QuestionInput,
  SavedQuestion: SavedQuestionSchema,
  SavedQuestionList: SavedQuestionListSchema,
  RunInput,
  QuestionAnswer: QuestionAnswerSchema,
  DryRun: DryRunSchema,
  EventTypeInput,
  EventTypeVersion: EventTypeVersionSchema,
  EventType: EventTypeSchema,
  EventTypePage: EventTypePageSchema,
  EventTypeVersions: VersionListSchema,
  Proposal: ProposalSchema,
  CheckInput,
  Check: CheckSchema,
  SettingsInput,
  Settings: SettingsSchema,
  Erasure: ErasureSchema,
  ErasurePage: ErasurePageSchema,
  Storage: StorageResponse,
  Compaction: CompactResponse,
  MissingObjects: MissingObjectsResponse,
  AcceptLoss: AcceptLossInput,
  AcceptedLoss: AcceptLossResponse,
  CreateApplication: CreateApplicationSchema,
  ChangeApplication: ChangeApplicationSchema,
  CreateKey: CreateKeySchema,
  Key: KeySchema,
  NewKey: NewKeySchema,
  RotatedKey: RotatedKeySchema,
  Application: ApplicationSchema,
  NewApplication: NewApplicationSchema,
  ApplicationPage: ApplicationPageSchema,
  CreateAlert: CreateAlertSchema,
  NewAlert: NewAlertSchema,
  Alert: AlertSchema,
  AlertDetail: AlertDetailSchema,
  AlertList: AlertListSchema,
  Health: HealthSchema,
  Code: CodeSchema,
  Problem: ProblemSchema,
} satisfies Record<string, v.GenericSchema>;

export type SchemaName = keyof typeof SCHEMAS;
