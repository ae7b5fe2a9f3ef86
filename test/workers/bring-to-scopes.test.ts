import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Column } from "../../lib/codec/column.js";
import type {
	Aggregation,
	Cluster,
	Topology,
} from "../../lib/schema/cluster.js";
import type { Resource } from "../../lib/schema/job.js";
import type { MetricScope } from "../../lib/schema/scope.js";
import { heldHosts } from "../../lib/source/held-hosts.js";
import { planScopes } from "../../lib/source/scope-plan.js";
import { bringToScopes } from "../../workers/bring-to-scopes.js";
import { bitsOf } from "../support/jobs.js";
import { seededRandom } from "../support/random.js";
import { sharedData } from "../support/shared-data.js";

/** Two sockets with two memory domains each, cores of two hwthreads that are not neighbours, hwthreads 3 and 17 in no core. */
const MADE_UP: Topology = {
	node: range(0, 18),
	socket: [
		[0, 1, 2, 3, 8, 9, 10, 11],
		[4, 5, 6, 7, 12, 13, 14, 15, 16],
	],
	memoryDomain: [
		[0, 1, 8, 9],
		[2, 3, 10, 11],
		[4, 5, 12, 13],
		[6, 7, 14, 15, 16],
	],
	core: [
		[6, 14],
		[0, 8],
		[1, 9],
		[2, 10],
		[4, 12],
		[5, 13],
		[7, 15],
		[16],
		[11],
	],
	accelerators: ["GPU-b", "GPU-a"].map((id) => ({
		id,
		type: "gpu",
		model: "x",
	})),
};

const PAIRS: [native: MetricScope, target: MetricScope][] = [
	["hwthread", "hwthread"],
	["hwthread", "core"],
	["hwthread", "memoryDomain"],
	["hwthread", "socket"],
	["hwthread", "node"],
	["core", "core"],
	["core", "memoryDomain"],
	["core", "socket"],
	["core", "node"],
	["memoryDomain", "memoryDomain"],
	["memoryDomain", "socket"],
	["memoryDomain", "node"],
	["socket", "socket"],
	["socket", "node"],
	["node", "node"],
	["accelerator", "accelerator"],
	["accelerator", "node"],
];

describe("bringing native columns to scopes", () => {
	describe("on a node with SMT and two memory domains a socket", () => {
		tableOf(MADE_UP, {});
	});
	for (const cluster of ["emmy", "alex", "fritz"])
		describe(`on the nodes of ${cluster}`, () => {
			const topologies = realTopologies(cluster);
			if (topologies === undefined) {
				it(
					`skipped: real data are not there; to run it: ARCHIVER_SHARED_DATA=FOLDER npm test, where FOLDER/archive/${cluster}/cluster.json is`,
				);
				return;
			}
			for (const [name, topology] of Object.entries(topologies))
				describe(name, () => {
					tableOf(topology, {
						// Alex' one memory domain is both sockets.
						impossible: cluster === "alex" ? ["memoryDomain>socket"] : [],
					});
				});
		});

	it("names a core by its position, and sums its hwthreads", () => {
		const columns = bring(MADE_UP, "hwthread", ["core"], {
			"6": [1, 2],
			"14": [10, 20],
			"0": [100, 200],
			"16": [5, 6],
			"17": [7, 7],
		});
		expect(seriesOf(columns)).to.deep.equal({
			"core h 0": [11, 22],
			"core h 1": [100, 200],
			"core h 7": [5, 6],
		});
	});

	it("finds the socket of a core by the core's hwthreads, not by its name", () => {
		// Core 0 is hwthreads 6 and 14, on socket 1; core 5 is 5 and 13, there too; core 3 is on socket 0.
		const columns = bring(MADE_UP, "core", ["node", "socket"], {
			"0": [1],
			"5": [10],
			"3": [100],
		});
		expect(seriesOf(columns)).to.deep.equal({
			"node h null": [111],
			"socket h 0": [100],
			"socket h 1": [11],
		});
	});

	it("counts hwthreads that no core lists for the node alone, and for the socket that lists them", () => {
		const columns = bring(MADE_UP, "hwthread", ["node", "socket", "core"], {
			"3": [1],
			"17": [10],
		});
		expect(seriesOf(columns)).to.deep.equal({
			"node h null": [11],
			"socket h 0": [1],
		});
	});

	it("counts the hwthreads that the job holds and no others", () => {
		const fed = Object.fromEntries(MADE_UP.node.map((id) => [id, [1]]));
		const half = [{ hostname: "h", hwthreads: [0, 8, 2, 17] }];
		const scopes = ["node", "socket", "memoryDomain", "core"] as const;
		expect(
			seriesOf(bring(MADE_UP, "hwthread", scopes, fed, "sum", half)),
		).to.deep.equal({
			"node h null": [4],
			"socket h 0": [3],
			"memoryDomain h 0": [2],
			"memoryDomain h 1": [1],
			"core h 1": [2],
			"core h 3": [1],
		});
	});

	it("averages over the devices that have a sample at a step; a sum that lacks one is that of the others", () => {
		const fed = {
			"0": [1, Number.NaN, Number.NaN, 4],
			"1": [3, 5, Number.NaN],
		};
		const scopes = ["node"] as const;
		expect(
			seriesOf(bring(MADE_UP, "socket", scopes, fed, "avg")),
		).to.deep.equal({ "node h null": [2, 5, Number.NaN, 4] });
		expect(
			seriesOf(bring(MADE_UP, "socket", scopes, fed, "sum")),
		).to.deep.equal({ "node h null": [4, 5, Number.NaN, 4] });
	});

	it("keeps what one device alone has to the bit", () => {
		const fed = { "1": [-0, 0.1, Number.MAX_VALUE, 5e-324] };
		for (const aggregation of ["sum", "avg"] as const) {
			const [node] = bring(MADE_UP, "socket", ["node"], fed, aggregation);
			expect(bitsOf(node.samples)).to.equal(bitsOf(Float64Array.from(fed[1])));
		}
	});

	it("keeps hosts apart that hold different things, and hosts with awkward names", () => {
		const resources = [
			{ hostname: "__proto__", hwthreads: [0, 1] },
			{ hostname: 'it\'s "h"' },
			{ hostname: "constructor", hwthreads: [1, 2] },
		];
		const fed = { "0": [1], "1": [10], "2": [100] };
		const columns = bring(
			MADE_UP,
			"hwthread",
			["node", "core"],
			fed,
			"sum",
			resources,
		);
		expect(Object.entries(seriesOf(columns))).to.deep.equal([
			["node __proto__ null", [11]],
			['node it\'s "h" null', [111]],
			["node constructor null", [110]],
			["core __proto__ 1", [1]],
			["core __proto__ 2", [10]],
			['core it\'s "h" 1', [1]],
			['core it\'s "h" 2', [10]],
			['core it\'s "h" 3', [100]],
			["core constructor 2", [10]],
			["core constructor 3", [100]],
		]);
	});

	it("takes a host that several resources name for one that holds all of them", () => {
		const resources = [
			{ hostname: "h", hwthreads: [0], accelerators: ["GPU-a"] },
			{ hostname: "h", hwthreads: [1, 0], accelerators: ["GPU-b"] },
		];
		const fed = { "0": [1], "1": [10], "2": [100] };
		expect(
			seriesOf(bring(MADE_UP, "hwthread", ["node"], fed, "sum", resources)),
		).to.deep.equal({ "node h null": [11] });
		const gpus = { "GPU-a": [1], "GPU-b": [10], "GPU-c": [100] };
		expect(
			seriesOf(bring(MADE_UP, "accelerator", ["node"], gpus, "sum", resources)),
		).to.deep.equal({ "node h null": [11] });
	});

	it("says why a memory domain that spans sockets cannot be brought to them, and brings the rest", () => {
		const spanning: Topology = { ...MADE_UP, memoryDomain: [MADE_UP.node] };
		const requested = [
			requestedMetric("memoryDomain", ["node", "socket", "memoryDomain"]),
		];
		const { plan, problems } = planScopes(
			requested,
			heldHosts({ resources: [{ hostname: "h" }] }, spanning),
			spanning,
		);
		expect(problems).to.deep.equal([
			"what is measured at memoryDomain cannot be brought to socket: memoryDomain 0 spans socket 0 and 1",
		]);
		const column = nativeColumn("memoryDomain", [{ hostname: "h" }], {
			"0": [7],
		});
		expect(seriesOf(bringToScopes([column], plan))).to.deep.equal({
			"node h null": [7],
			"memoryDomain h 0": [7],
		});
	});

	it("says that nothing is brought to a finer scope, nor accelerators to anything but their node", () => {
		const requested = [
			requestedMetric("socket", ["core"]),
			requestedMetric("accelerator", ["socket"]),
		];
		const held = heldHosts({ resources: [{ hostname: "h" }] }, MADE_UP);
		const { problems } = planScopes(requested, held, MADE_UP);
		expect(problems).to.have.members([
			"what is measured at socket cannot be brought to core",
			"what is measured at accelerator cannot be brought to socket",
		]);
	});

	it("hands back as it is what is wanted as it is, and what it does not know", () => {
		const resources = [{ hostname: "h" }];
		const held = heldHosts({ resources }, MADE_UP);
		const requested = [requestedMetric("socket", ["node", "socket"])];
		const { plan } = planScopes(requested, held, MADE_UP);
		const column = nativeColumn("socket", resources, { "0": [1], "1": [2] });
		const others = [
			{ ...column, metric: "another" },
			{ ...column, scope: "core" as const },
		];
		const brought = bringToScopes([column, ...others], plan);
		expect(brought).to.have.length(4);
		expect(brought[1]).to.equal(column);
		expect(brought.slice(2)).to.deep.equal(others);
	});
});

/** Every pair on one topology, for jobs that hold a node, half of it, and odd parts of several. */
function tableOf(
	topology: Topology,
	{ impossible = [] }: { impossible?: string[] },
): void {
	const accelerators = topology.accelerators?.map(({ id }) => id) ?? [];
	const half = topology.node.slice(0, topology.node.length / 2);
	const jobs: Record<string, Resource[]> = {
		"a whole node": [{ hostname: "h1", accelerators }],
		"half a node": [
			{
				hostname: "h1",
				hwthreads: half,
				accelerators: accelerators.slice(0, 1),
			},
		],
		"parts of three nodes": [
			{
				hostname: "h1",
				hwthreads: topology.node.filter((id) => id % 3 === 0),
				accelerators,
			},
			{ hostname: "h2" },
			{
				hostname: "h3",
				hwthreads: topology.node.slice(-1),
				accelerators: accelerators.slice(-1),
			},
		],
	};
	for (const [native, target] of PAIRS) {
		const possible = !impossible.includes(`${native}>${target}`);
		it(`${possible ? "brings" : "does not bring"} ${native} to ${target}`, () => {
			for (const [what, resources] of Object.entries(jobs))
				for (const aggregation of ["sum", "avg"] as const) {
					const seed = what.length * 100 + PAIRS.length;
					const column = seededColumn(native, resources, topology, seed);
					const { plan } = planScopes(
						[requestedMetric(native, [target], aggregation)],
						heldHosts({ resources }, topology),
						topology,
					);
					const expected = possible
						? reference(column, target, aggregation, resources, topology)
						: {};
					const brought = seriesOf(bringToScopes([column], plan));
					expect(
						brought,
						`${what}, ${aggregation}, seed ${seed}`,
					).to.deep.equal(expected);
				}
		});
	}
}

/** Device by device from the topology's lists, the plain way. */
function reference(
	column: Column,
	target: MetricScope,
	aggregation: Aggregation,
	resources: readonly Resource[],
	topology: Topology,
): Record<string, number[]> {
	const native = seriesOf([column]);
	const expected: Record<string, number[]> = {};
	for (const { hostname, hwthreads, accelerators = [] } of resources) {
		const held = new Set(hwthreads ?? topology.node);
		for (const [id, members] of devices(target, topology, accelerators)) {
			const parts = devices(column.scope, topology, accelerators)
				.filter(
					([, threads]) =>
						column.scope === "accelerator" ||
						column.scope === "node" ||
						threads.some((it) => held.has(it as number)),
				)
				.filter(
					([part, threads]) =>
						target === "node" ||
						(column.scope === target
							? part === id
							: threads.some((it) => members.includes(it))),
				)
				.flatMap(([part]) => {
					const samples = native[`${column.scope} ${hostname} ${part}`];
					return samples === undefined ? [] : [samples];
				});
			if (parts.length === 0) continue;
			expected[`${target} ${hostname} ${id}`] = parts[0].map((_, step) => {
				const present = parts
					.map((samples) => samples[step])
					.filter((sample) => !Number.isNaN(sample));
				if (present.length === 0) return Number.NaN;
				const sum = present.reduce((a, b) => a + b, 0);
				return aggregation === "sum" ? sum : sum / present.length;
			});
		}
	}
	return expected;
}

/** What a node has at a scope: names, and the hwthreads of each. */
function devices(
	scope: MetricScope,
	topology: Topology,
	accelerators: readonly string[],
): [id: string | null, members: (number | string)[]][] {
	const byPosition = (lists: number[][] | undefined) =>
		(lists ?? []).map((list, at): [string, number[]] => [String(at), list]);
	switch (scope) {
		case "node":
			return [[null, [...topology.node, ...accelerators]]];
		case "hwthread":
			return topology.node.map((id) => [String(id), [id]]);
		case "accelerator":
			return accelerators.map((id) => [id, [id]]);
		default:
			return byPosition(topology[scope]);
	}
}

/** Whole numbers, whose sums are exact in whatever order they are added, with gaps. */
function seededColumn(
	scope: MetricScope,
	resources: readonly Resource[],
	topology: Topology,
	seed: number,
): Column {
	const random = seededRandom(seed);
	const sample = () =>
		random() < 0.2 ? Number.NaN : Math.floor(random() * 1000);
	// Every device of the node has data, whether the job holds it or not, as in a metric store.
	const fed = (accelerators: readonly string[]) =>
		Object.fromEntries(
			devices(scope, topology, accelerators).map(([id]) => [
				String(id),
				Array.from({ length: 5 }, sample),
			]),
		);
	return resources
		.map((resource) =>
			nativeColumn(scope, [resource], fed(resource.accelerators ?? [])),
		)
		.reduce(joined);
}

function joined(a: Column, b: Column): Column {
	return {
		...a,
		hostnames: [...a.hostnames, ...b.hostnames],
		ids: a.ids && b.ids && [...a.ids, ...b.ids],
		lengths: Uint32Array.of(...a.lengths, ...b.lengths),
		samples: Float64Array.of(...a.samples, ...b.samples),
	};
}

function bring(
	topology: Topology,
	native: MetricScope,
	scopes: readonly MetricScope[],
	fed: Record<string, readonly number[]>,
	aggregation: Aggregation = "sum",
	resources: readonly Resource[] = [{ hostname: "h" }],
): Column[] {
	const { plan, problems } = planScopes(
		[requestedMetric(native, scopes, aggregation)],
		heldHosts({ resources: [...resources] }, topology),
		topology,
	);
	expect(problems).to.deep.equal([]);
	const hostnames = [...new Set(resources.map(({ hostname }) => hostname))];
	const column = nativeColumn(
		native,
		hostnames.map((hostname) => ({ hostname })),
		fed,
	);
	return bringToScopes([column], plan);
}

function requestedMetric(
	scope: MetricScope,
	scopes: readonly MetricScope[],
	aggregation: Aggregation = "sum",
) {
	const unit = { base: "" };
	const config = { name: "m", unit, scope, aggregation, timestep: 60 };
	return { config, scopes };
}

/** The same series on each host. */
function nativeColumn(
	scope: MetricScope,
	resources: readonly Resource[],
	fed: Record<string, readonly number[]>,
): Column {
	const ids = Object.keys(fed);
	const series = resources.flatMap(({ hostname }) =>
		ids.map((id) => ({ hostname, id, samples: fed[id] })),
	);
	return {
		metric: "m",
		scope,
		unit: { base: "" },
		timestep: 60,
		hostnames: series.map(({ hostname }) => hostname),
		ids: scope === "node" ? null : series.map(({ id }) => id),
		lengths: Uint32Array.from(series, ({ samples }) => samples.length),
		samples: Float64Array.from(series.flatMap(({ samples }) => [...samples])),
	};
}

/** `scope host id` -> samples. */
function seriesOf(columns: readonly Column[]): Record<string, number[]> {
	const series: [string, number[]][] = [];
	for (const { scope, hostnames, ids, lengths, samples } of columns) {
		let start = 0;
		hostnames.forEach((hostname, i) => {
			const id = ids?.[i] ?? null;
			series.push([
				`${scope} ${hostname} ${id}`,
				[...samples.subarray(start, start + lengths[i])],
			]);
			start += lengths[i];
		});
		expect(start).to.equal(samples.length);
	}
	return Object.fromEntries(series);
}

function realTopologies(name: string): Record<string, Topology> | undefined {
	const path = sharedData("archive", name, "cluster.json");
	if (path === undefined) return undefined;
	const { subClusters } = JSON.parse(readFileSync(path, "utf8")) as Cluster;
	return Object.fromEntries(
		subClusters.map(({ name, topology }) => [name, topology]),
	);
}

function range(from: number, to: number): number[] {
	return Array.from({ length: to - from }, (_, index) => from + index);
}
