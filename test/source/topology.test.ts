import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Cluster, Topology } from "../../lib/schema/cluster.js";
import { heldDevices } from "../../lib/source/topology.js";
import { sharedData } from "../support/shared-data.js";

describe("heldDevices", () => {
	/** Core c holds hwthreads c and c + 4; the second memory domain lies on both sockets. */
	const smt: Topology = {
		node: [0, 1, 2, 3, 4, 5, 6, 7],
		socket: [
			[0, 1, 4, 5],
			[2, 3, 6, 7],
		],
		memoryDomain: [
			[0, 4],
			[1, 2, 5, 6],
			[3, 7],
		],
		core: [
			[0, 4],
			[1, 5],
			[2, 6],
			[3, 7],
		],
	};

	it("holds the whole node where a resource names no hwthreads", () => {
		for (const resource of [
			{ hostname: "n1" },
			{ hostname: "n1", hwthreads: [] },
		]) {
			expect(heldDevices(resource, smt)).to.deep.equal({
				hwthreads: smt.node,
				cores: ["0", "1", "2", "3"],
				coreHwthreads: smt.core,
				sockets: ["0", "1"],
				memoryDomains: ["0", "1", "2"],
				accelerators: [],
			});
		}
	});

	it("calls cores by position, and counts the hwthreads held of each", () => {
		const held = heldDevices({ hostname: "n1", hwthreads: [6, 3, 2] }, smt);
		expect(held).to.deep.equal({
			hwthreads: [6, 3, 2],
			cores: ["2", "3"],
			coreHwthreads: [[6, 2], [3]],
			sockets: ["1"],
			memoryDomains: ["1", "2"],
			accelerators: [],
		});
	});

	it("holds the accelerators that the resource names, and no others", () => {
		const accelerators = ["00000000:81:00.0"];
		expect(
			heldDevices({ hostname: "n1", accelerators }, smt).accelerators,
		).to.deep.equal(accelerators);
	});

	it("holds no accelerators without a name, which job databases have: nobody could be asked about them", () => {
		const accelerators = ["", "00000000:81:00.0", ""];
		expect(
			heldDevices({ hostname: "n1", accelerators }, smt).accelerators,
		).to.deep.equal(["00000000:81:00.0"]);
	});

	it("knows nothing of groups that the topology lacks", () => {
		const bare = heldDevices({ hostname: "n1" }, { node: [0, 1] });
		expect(bare.cores).to.deep.equal([]);
		expect(bare.sockets).to.deep.equal([]);
		expect(bare.hwthreads).to.deep.equal([0, 1]);
	});

	it("shares the lists of whole nodes", () => {
		const first = heldDevices({ hostname: "n1" }, smt);
		const second = heldDevices({ hostname: "n2" }, smt);
		expect(second.cores).to.equal(first.cores);
		expect(second.coreHwthreads).to.equal(first.coreHwthreads);
	});

	it("takes the nodes of alex and fritz as they are", function () {
		const alex = realTopologies("alex");
		const fritz = realTopologies("fritz");
		if (alex === undefined || fritz === undefined) return this.skip();

		const a40 = heldDevices({ hostname: "a0121" }, alex.a40);
		expect(a40.hwthreads).to.have.length(128);
		expect(a40.cores).to.have.length(127);
		expect(a40.sockets).to.deep.equal(["0", "1"]);
		expect(a40.memoryDomains).to.deep.equal(["0"]);

		const outside = heldDevices({ hostname: "a", hwthreads: [72] }, alex.a40);
		expect(outside.cores).to.deep.equal([]);
		expect(outside.sockets).to.deep.equal(["1"]);
		const behind = heldDevices({ hostname: "a", hwthreads: [73] }, alex.a40);
		expect(behind.cores).to.deep.equal(["72"]);

		const main = heldDevices({ hostname: "f0101" }, fritz.main);
		expect(main.cores).to.deep.equal(
			Array.from({ length: 72 }, (_, core) => String(core)),
		);
		expect(main.memoryDomains).to.deep.equal(["0", "1", "2", "3"]);
	});
});

function realTopologies(name: string): Record<string, Topology> | undefined {
	const path = sharedData("archive", name, "cluster.json");
	if (path === undefined) return undefined;
	const { subClusters } = JSON.parse(readFileSync(path, "utf8")) as Cluster;
	return Object.fromEntries(
		subClusters.map(({ name, topology }) => [name, topology]),
	);
}
