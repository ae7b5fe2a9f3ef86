import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { publishedDataDeviations } from "../../lib/schema/published/job-data.js";
import { publishedMetaDeviations } from "../../lib/schema/published/job-meta.js";
import type { Deviation, Verdict } from "../../lib/schema/published/rules.js";
import { isValid } from "../support/json-schema.js";
import { seededRandom } from "../support/random.js";
import { sharedData } from "../support/shared-data.js";

type Json = { [key: string]: unknown };
/** What is done to a document that keeps to the schema, and how it departs then. */
type Case = [change: (document: Json) => void, verdict: Verdict, at: string];

const statistics = { unit: { base: "" }, avg: 2, min: 1, max: 3 };
const metric = {
	unit: { base: "F/s", prefix: "G" },
	timestep: 60,
	series: [
		{ hostname: "n001", statistics: { avg: 2, min: 1, max: 3 }, data: [1, 3] },
		{
			hostname: "n002",
			id: "0",
			statistics: { avg: 2, min: 1, max: 3 },
			data: [null, 2],
		},
	],
	statisticsSeries: { min: [1, 1, 1], median: [2, 2, 2], max: [3, 3, 3] },
};

function wholeMeta(): Json {
	return separate({
		jobId: 1,
		user: "someone",
		project: "some",
		cluster: "testcluster",
		subCluster: "cpu",
		numNodes: 2,
		shared: "none",
		startTime: 1_700_000_000,
		jobState: "completed",
		duration: 60,
		walltime: 3600,
		resources: [
			{ hostname: "n001", hwthreads: [0, 1], accelerators: ["00:1"] },
			{ hostname: "n002" },
		],
		tags: [{ type: "a", name: "b" }],
		metaData: { jobName: "test" },
		footprint: { cpu_load_avg: 2 },
		energy: 1.5,
		statistics: {
			cpu_user: statistics,
			cpu_load: statistics,
			mem_used: statistics,
			flops_any: statistics,
			mem_bw: statistics,
			filesystems: [
				{ name: "w", type: "nfs", read_bw: statistics, write_bw: statistics },
			],
			custom: "anything",
		},
	});
}

function wholeData(): Json {
	const node = { node: metric };
	return separate({
		cpu_user: { hwthread: metric },
		cpu_load: node,
		mem_used: node,
		flops_any: { node: metric, core: metric },
		mem_bw: { socket: metric },
		net_bw: node,
		acc_power: { accelerator: metric },
		filesystems: [{ name: "w", type: "nfs", read_bw: node, write_bw: node }],
		custom: "anything",
	});
}

const META_CASES: Record<string, Case> = {
	"no user": [remove("user"), "broken", "user"],
	"no resources": [remove("resources"), "broken", "resources"],
	"no statistics": [remove("statistics"), "broken", "statistics"],
	"a job id in a string": [set("1", "jobId"), "broken", "jobId"],
	"half a second": [set(1.5, "duration"), "broken", "duration"],
	"no time at all": [set(0, "duration"), "beyond", "duration"],
	"no accelerators": [set(0, "numAcc"), "beyond", "numAcc"],
	"an unknown state": [set("gone", "jobState"), "broken", "jobState"],
	"an unknown sharing": [set("yes", "shared"), "broken", "shared"],
	"a host without name": [
		remove("resources", 1, "hostname"),
		"broken",
		"resources.*.hostname",
	],
	"a tag twice": [
		set(
			[
				{ type: "a", name: "b" },
				{ name: "b", type: "a" },
			],
			"tags",
		),
		"broken",
		"tags",
	],
	"metadata that is no text": [
		set(7, "metaData", "jobName"),
		"broken",
		"metaData.jobName",
	],
	"a footprint in a string": [
		set("2", "footprint", "cpu_load_avg"),
		"broken",
		"footprint.cpu_load_avg",
	],
	"a metric missing": [
		remove("statistics", "mem_bw"),
		"beyond",
		"statistics.mem_bw",
	],
	"a unit that is not listed": [
		set("load", "statistics", "cpu_load", "unit", "base"),
		"beyond",
		"statistics.cpu_load.unit.base",
	],
	"a prefix that is not listed": [
		set("m", "statistics", "cpu_load", "unit", "prefix"),
		"beyond",
		"statistics.cpu_load.unit.prefix",
	],
	"a unit without base": [
		remove("statistics", "cpu_load", "unit", "base"),
		"broken",
		"statistics.cpu_load.unit.base",
	],
	"less than nothing": [
		set(-1, "statistics", "cpu_load", "min"),
		"beyond",
		"statistics.cpu_load.min",
	],
};

const DATA_CASES: Record<string, Case> = {
	"a metric missing": [remove("net_bw"), "beyond", "net_bw"],
	"a metric at no scope": [set({}, "ipc"), "beyond", "ipc.*"],
	"a metric at other scopes than node": [
		remove("cpu_load", "node"),
		"beyond",
		"cpu_load.node",
	],
	"a metric that is no object": [set([], "mem_used"), "broken", "mem_used"],
	"no unit": [
		remove("cpu_load", "node", "unit"),
		"broken",
		"cpu_load.node.unit",
	],
	"no timestep": [
		remove("cpu_load", "node", "timestep"),
		"broken",
		"cpu_load.node.timestep",
	],
	"no series": [
		set(null, "cpu_load", "node", "series"),
		"broken",
		"cpu_load.node.series",
	],
	"a series without host": [
		remove("cpu_load", "node", "series", 0, "hostname"),
		"broken",
		"cpu_load.node.series.*.hostname",
	],
	"a series without data": [
		remove("cpu_load", "node", "series", 0, "data"),
		"broken",
		"cpu_load.node.series.*.data",
	],
	"a series without statistics": [
		remove("cpu_load", "node", "series", 0, "statistics"),
		"beyond",
		"cpu_load.node.series.*.statistics",
	],
	"a statistic without value": [
		set(null, "cpu_load", "node", "series", 0, "statistics", "avg"),
		"beyond",
		"cpu_load.node.series.*.statistics.avg",
	],
	"a statistic in a string": [
		set("2", "cpu_load", "node", "series", 0, "statistics", "avg"),
		"broken",
		"cpu_load.node.series.*.statistics.avg",
	],
	"a series without samples": [
		set([null, null], "cpu_load", "node", "series", 0, "data"),
		"beyond",
		"cpu_load.node.series.*.data",
	],
	"gaps in the medians": [
		set([1, null, 2], "cpu_load", "node", "statisticsSeries", "median"),
		"beyond",
		"cpu_load.node.statisticsSeries.median.*",
	],
	"no medians": [
		set(null, "cpu_load", "node", "statisticsSeries", "median"),
		"beyond",
		"cpu_load.node.statisticsSeries.median",
	],
	"a file system of a new kind": [
		set("ceph", "filesystems", 0, "type"),
		"beyond",
		"filesystems.*.type",
	],
};

describe("ClusterCockpit's published schemas", () => {
	const documents = {
		meta: {
			make: wholeMeta,
			check: publishedMetaDeviations,
			cases: META_CASES,
		},
		data: {
			make: wholeData,
			check: publishedDataDeviations,
			cases: DATA_CASES,
		},
	};

	for (const [kind, { make, check, cases }] of Object.entries(documents)) {
		it(`finds nothing in ${kind} that keep to the schema`, () => {
			expect(check(make())).to.deep.equal([]);
		});

		for (const [name, [change, verdict, at]] of Object.entries(cases))
			it(`${kind} with ${name}: ${verdict}`, () => {
				const document = make();
				change(document);
				const found = check(document).map((it) => [it.verdict, it.at]);
				expect(found).to.deep.equal([[verdict, at]]);
			});

		it(`tells of the same in every entry once, with its number, in ${kind}`, () => {
			const document = make();
			const many = Array.from({ length: 5000 }, () => ({ hostname: 7 }));
			if (kind === "meta") document.resources = many;
			else
				set(
					many.map((it) => ({ ...it, statistics: null, data: [1] })),
					"cpu_load",
					"node",
					"series",
				)(document);
			const hostnames = check(document).filter(({ at }) =>
				at.endsWith("hostname"),
			);
			expect(hostnames).to.have.length(1);
			expect(hostnames[0]).to.include({ verdict: "broken", count: 5000 });
		});
	}

	it("takes columns of samples for lists, and NaN for null", () => {
		const document = wholeData();
		const data = Float64Array.of(Number.NaN, 2);
		set(data, "cpu_load", "node", "series", 0, "data")(document);
		expect(publishedDataDeviations(document)).to.deep.equal([]);
		data[1] = Number.NaN;
		set(
			Number.NaN,
			"cpu_load",
			"node",
			"series",
			0,
			"statistics",
			"avg",
		)(document);
		expect(publishedDataDeviations(document).map(({ at }) => at)).to.deep.equal(
			["cpu_load.node.series.*.statistics.avg", "cpu_load.node.series.*.data"],
		);
	});

	it("lists a bounded number of deviations", () => {
		const document = wholeData();
		for (const scope of ["node", "core"])
			set(
				Object.fromEntries(
					Array.from({ length: 300 }, (_, i) => [`m${i}`, {}]),
				),
				"flops_any",
				scope,
			)(document);
		document.filesystems = [
			Object.fromEntries(Array.from({ length: 1 }, () => ["name", 1])),
		];
		expect(publishedDataDeviations(document).length).to.be.at.most(100);
	});

	describe("the files themselves", () => {
		const folder = sharedData("schemas");
		const job = sharedData("archive", "emmy", "1403", "244", "1608923076");
		if (folder === undefined || job === undefined) return;
		const schemas = new Map<string, unknown>(
			[
				"job-meta.schema.json",
				"job-data.schema.json",
				"job-metric-data.schema.json",
				"job-metric-statistics.schema.json",
				"unit.schema.json",
			].map((name) => [
				name,
				JSON.parse(readFileSync(`${folder}/${name}`, "utf8")),
			]),
		);
		const real = {
			meta: JSON.parse(readFileSync(`${job}/meta.json`, "utf8")),
			data: shortened(
				JSON.parse(
					gunzipSync(readFileSync(`${job}/data.json.gz`)).toString(),
				) as Json,
			),
		};

		it("the real job departs from both, without being broken", () => {
			for (const [kind, { check }] of Object.entries(documents)) {
				const document = real[kind as keyof typeof real];
				expect(isValid(document, `job-${kind}.schema.json`, schemas)).to.equal(
					false,
				);
				const found: Deviation[] = check(document);
				expect(found.map(({ verdict }) => verdict)).to.include("beyond");
				expect(found.map(({ verdict }) => verdict)).not.to.include("broken");
			}
		});

		for (const [kind, { make, check }] of Object.entries(documents))
			for (const origin of ["made up", "real"] as const)
				it(`agrees with its schema on 4,000 mutations of ${kind} (${origin})`, () => {
					const seed = 20261124;
					const random = seededRandom(seed);
					const whole = origin === "real" ? completed(kind) : make();
					const name = `job-${kind}.schema.json`;
					expect(isValid(whole, name, schemas)).to.equal(true);
					const seen = { valid: 0, invalid: 0 };
					for (let i = 0; i < 4000; i++) {
						const document = structuredClone(whole) as Json;
						const what = mutate(document, random);
						const valid = isValid(document, name, schemas);
						seen[valid ? "valid" : "invalid"]++;
						expect(
							check(document).length === 0,
							`seed ${seed}, mutation ${i}: ${what}`,
						).to.equal(valid);
					}
					expect(Math.min(seen.valid, seen.invalid)).to.be.above(100);
				});

		/** The real job with what it lacks for the schema. */
		function completed(kind: string): Json {
			const made = kind === "meta" ? wholeMeta() : wholeData();
			const document = structuredClone(real[kind as keyof typeof real]) as Json;
			if (kind === "meta") {
				const own = document.statistics as Record<string, Json>;
				const needed = made.statistics as Record<string, Json>;
				own.cpu_load.unit = { base: "" };
				document.statistics = { ...needed, ...own };
				return document;
			}
			const whole = { ...made, ...document } as Record<string, Json>;
			for (const name of ["cpu_load", "ipc"])
				whole[name] = { node: separate(metric) };
			return whole;
		}
	});
});

/** A copy in which no two places are one object. */
function separate<T>(document: T): T {
	return JSON.parse(JSON.stringify(document));
}

/** A job of two hosts and a few samples, of which copies are quickly made. */
function shortened(data: Json): Json {
	for (const scopes of Object.values(data) as Record<string, Json>[])
		for (const value of Object.values(scopes)) {
			const series = (value.series as Json[]).slice(0, 2);
			value.series = series.map((it) => ({
				...it,
				data: (it.data as unknown[]).slice(0, 4),
			}));
		}
	return data;
}

const REPLACEMENTS: readonly unknown[] = [
	null,
	-1,
	0,
	1,
	1.5,
	"",
	"none",
	"G",
	true,
	[],
	{},
	[null],
	[1, 2, 3],
	[{}],
];

/** Changes one thing somewhere in a document, and says what. */
function mutate(document: Json, random: () => number): string {
	const pick = <T>(list: readonly T[]): T =>
		list[Math.floor(random() * list.length)];
	let parent: Json | unknown[] = document;
	const path: string[] = [];
	for (;;) {
		const keys = Object.keys(parent);
		const key = pick(keys);
		path.push(key);
		const child = (parent as Json)[key];
		const goOn =
			typeof child === "object" &&
			child !== null &&
			Object.keys(child).length > 0 &&
			random() < 0.8;
		if (goOn) {
			parent = child as Json;
			continue;
		}
		if (random() < 0.3) {
			if (Array.isArray(parent)) parent.splice(Number(key), 1);
			else delete parent[key];
			return `${path.join(".")} removed`;
		}
		if (Array.isArray(parent) && random() < 0.3) {
			parent.push(structuredClone(child));
			return `${path.join(".")} twice`;
		}
		const replacement = structuredClone(pick(REPLACEMENTS));
		(parent as Json)[key] = replacement;
		return `${path.join(".")} = ${JSON.stringify(replacement)}`;
	}
}

function set(value: unknown, ...path: (string | number)[]) {
	return (document: Json): void => {
		const { parent, key } = parentOf(document, path);
		parent[key] = value;
	};
}

function remove(...path: (string | number)[]) {
	return (document: Json): void => {
		const { parent, key } = parentOf(document, path);
		delete parent[key];
	};
}

function parentOf(document: Json, path: (string | number)[]) {
	let parent = document;
	for (const key of path.slice(0, -1)) parent = parent[key] as Json;
	return { parent, key: path[path.length - 1] };
}
