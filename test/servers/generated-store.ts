import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
	isMainThread,
	parentPort,
	Worker,
	workerData,
} from "node:worker_threads";
import { seededRandom } from "../support/random.js";
import {
	type Fault,
	MetricStoreServer,
	type SeriesPlace,
} from "./cc-metric-store.js";

/** Seconds from one generated sample to the next. */
export const GENERATED_TIMESTEP = 60;

/** A store that answers for every host, metric and device, on a thread of its own. */
export interface GeneratedStore {
	url: string;
	close(): Promise<void>;
}

export interface GeneratedStoreOptions {
	/** Share of the requests that go wrong, each in another way (0). */
	failing?: number;
	/** Whether the same request gets the same answer, which is not made again (no). */
	remembers?: boolean;
}

export async function startGeneratedStore({
	failing = 0,
	remembers = false,
}: GeneratedStoreOptions): Promise<GeneratedStore> {
	const thread = new Worker(fileURLToPath(import.meta.url), {
		workerData: { failing, remembers },
	});
	const [url] = await once(thread, "message");
	return {
		url,
		close: async () => {
			thread.postMessage("close");
			await once(thread, "exit");
		},
	};
}

/** What the store holds of a place from `from` up to `to`; undefined where it knows nothing of it. */
export function generatedSamples(
	place: SeriesPlace,
	from: number,
	to: number,
): readonly number[] | undefined {
	const range = rangeOf(place, from, to);
	return range && VALUES.slice(...range);
}

const PERIOD = 4096;
const random = seededRandom(1);
/** Values of one period, over and over, as far as the longest job goes. */
const VALUES = repeated(
	Array.from({ length: PERIOD }, () => Math.round(random() * 1e6) / 1e3),
);
const TEXTS = VALUES.map(String);

const FAULTS: readonly Fault[] = [
	"drop",
	{ status: 500, text: "out of order" },
	"cut",
	{ status: 429 },
	{ status: 503, text: "busy" },
];

/** Which of the values a place has from `from` up to `to`. One device in fifty is not there. */
function rangeOf(
	{ host, metric, type = "", id = "" }: SeriesPlace,
	from: number,
	to: number,
): [start: number, end: number] | undefined {
	const hash = hashOf(`${host}/${metric}/${type}/${id}`);
	if (type !== "" && hash % 50 === 0) return undefined;
	const start = (hash + Math.floor(from / GENERATED_TIMESTEP)) % PERIOD;
	return [start, start + Math.ceil((to - from) / GENERATED_TIMESTEP)];
}

function repeated(values: readonly number[]): number[] {
	return Array.from({ length: 4 }, () => values).flat();
}

/** FNV-1a. */
function hashOf(text: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++)
		hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return hash >>> 0;
}

async function serve({
	failing,
	remembers,
}: Required<GeneratedStoreOptions>): Promise<void> {
	const chance = seededRandom(2);
	let failed = 0;
	const server = await MetricStoreServer.start({
		find: (place, { from, to }) => {
			const range = rangeOf(place, from, to);
			if (range === undefined) return undefined;
			return {
				from,
				frequency: GENERATED_TIMESTEP,
				samples: VALUES.slice(...range),
				texts: TEXTS.slice(...range),
			};
		},
		fault: () =>
			chance() < failing ? FAULTS[failed++ % FAULTS.length] : undefined,
		forgetful: true,
		remembers,
	});
	parentPort?.postMessage(server.url);
	parentPort?.once("message", () => server.close());
}

if (!isMainThread && typeof workerData?.failing === "number")
	await serve(workerData);
