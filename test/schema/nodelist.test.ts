import { readFileSync } from "node:fs";
import { expect } from "chai";
import * as fc from "fast-check";
import type { Cluster } from "../../lib/schema/cluster.js";
import { parseNodeList } from "../../lib/schema/nodelist.js";
import { sharedData } from "../support/shared-data.js";
import { thrown } from "../support/thrown.js";

describe("parseNodeList", () => {
	const expansions: [text: string, hosts: string[]][] = [
		["", []],
		["a0831", ["a0831"]],
		["node01,node02", ["node01", "node02"]],
		["n[5]", ["n5"]],
		["[1-2]", ["1", "2"]],
		["w12[01-02],w13[01,33-34]", ["w1201", "w1202", "w1301", "w1333", "w1334"]],
		["r[1-2]n[01-02]", ["r1n01", "r1n02", "r2n01", "r2n02"]],
		["n[1-2]-ib.x", ["n1-ib.x", "n2-ib.x"]],
		["n[8-11]", ["n8", "n9", "n10", "n11"]],
		["n[08-11]", ["n08", "n09", "n10", "n11"]],
		["n[099-101]", ["n099", "n100", "n101"]],
		["n[98-101]", ["n98", "n99", "n100", "n101"]],
		["n[0-1][0-1]", ["n00", "n01", "n10", "n11"]],
		["n1,n[1-2],n1", ["n1", "n1", "n2", "n1"]],
		["__proto__,constructor", ["__proto__", "constructor"]],
	];
	for (const [text, hosts] of expansions)
		it(`expands '${text}'`, () => {
			const nodes = parseNodeList(text);
			expect(nodes.expand()).to.deep.equal(hosts);
			expect(nodes.count).to.equal(hosts.length);
			for (const host of hosts) expect(nodes.contains(host)).to.equal(true);
		});

	const strangers: [text: string, hosts: string[]][] = [
		["", ["", "a"]],
		["f[0101-0188]", ["f101", "f00101", "f0100", "f0189", "f0101x", "xf0101"]],
		["n[8-11]", ["n08", "n", "n7", "n12", "n8.5", "n٨"]],
		["n[08-11]", ["n8", "n008", "n011"]],
		["n[08-101]", ["n8", "n008", "n0101", "n102"]],
		["r[1-2]n[01-04]", ["r1n1", "r3n01", "r1", "n01", "r1n01r1n01"]],
		["n[1-2]-ib", ["n1", "n1-i", "n1-ib-ib"]],
		["node01", ["node0", "node011", "Node01"]],
		["a[1-2]", ["__proto__", "constructor", "toString"]],
	];
	for (const [text, hosts] of strangers)
		it(`finds none of ${hosts.join(", ")} in '${text}'`, () => {
			const nodes = parseNodeList(text);
			for (const host of hosts) expect(nodes.contains(host)).to.equal(false);
		});

	it("tries every way in which neighbouring brackets can share digits", () => {
		const nodes = parseNodeList("n[1-20][1-20]");
		for (const host of ["n11", "n111", "n201", "n120", "n2020"])
			expect(nodes.contains(host), host).to.equal(true);
		for (const host of ["n1", "n212", "n2021", "n11111", "n301"])
			expect(nodes.contains(host), host).to.equal(
				nodes.expand().includes(host),
			);
	});

	it("looks into lists that are too long to expand, at once", () => {
		const nodes = parseNodeList("n[000000000-999999999]c[0-999999]");
		expect(nodes.count).to.equal(1e15);
		expect(nodes.contains("n123456789c77")).to.equal(true);
		expect(nodes.contains("n123456789c1000000")).to.equal(false);
		const error = thrown(() => nodes.expand());
		expect(error.code).to.equal("INVALID_INPUT");
		expect(error.message).to.include("1000000 that are expanded at most");
	});

	it("takes no longer for many brackets whose digits can be shared in many ways", () => {
		const nodes = parseNodeList(`n${"[1-99]".repeat(60)}x`);
		expect(nodes.contains(`n${"1".repeat(90)}x`)).to.equal(true);
		expect(nodes.contains(`n${"1".repeat(121)}x`)).to.equal(false);
	});

	it("expands a million hosts and no more", () => {
		const hosts = parseNodeList("n[0-999999]").expand();
		expect(hosts).to.have.length(1e6);
		expect(hosts.at(-1)).to.equal("n999999");
		expect(thrown(() => parseNodeList("n[0-1000000]").expand()).code).to.equal(
			"INVALID_INPUT",
		);
	});

	const faults: [text: string, offset: number, problem: string][] = [
		["n[", 2, "expected a digit at offset 2, found the end of the text"],
		["n[]", 2, "expected a digit at offset 2, found ']'"],
		["n[1", 3, "expected ',', '-' or ']' at offset 3, found the end"],
		["n[1-]", 4, "expected a digit at offset 4, found ']'"],
		["n[1,]", 4, "expected a digit at offset 4, found ']'"],
		["n[-3]", 2, "expected a digit at offset 2, found '-'"],
		["n[a-c]", 2, "expected a digit at offset 2, found 'a'"],
		["n[1-2-3]", 5, "expected ',', '-' or ']' at offset 5, found '-'"],
		["n[1-[2]]", 4, "expected a digit at offset 4, found '['"],
		["n[9-5]", 4, "expected a number that follows 9 at offset 4"],
		["n[010-20]", 6, "expected a number that follows 010 at offset 6"],
		["n[1-010]", 4, "expected a number that follows 1 at offset 4"],
		["n1]", 2, "expected no ']' without a '[' at offset 2"],
		[",n1", 0, "expected a host name at offset 0, found ','"],
		["n1,", 3, "expected a host name at offset 3, found the end"],
		["n1,,n2", 3, "expected a host name at offset 3, found ','"],
		["n1, n2", 3, "expected no white space at offset 3, found ' '"],
		["n[1234567890123456]", 2, "expected at most 15 digits at offset 2"],
	];
	for (const [text, offset, problem] of faults)
		it(`refuses '${text}'`, () => {
			const { code, details, message } = thrown(() => parseNodeList(text));
			expect(code).to.equal("INVALID_INPUT");
			expect(details).to.deep.equal({ field: "nodes", received: text, offset });
			expect(message).to.include(problem);
		});

	it("contains exactly what it expands to", () => {
		fc.assert(
			fc.property(nodeLists(), fc.array(hosts()), (text, others) => {
				const nodes = parseNodeList(text);
				const expanded = nodes.expand();
				expect(expanded).to.have.length(nodes.count);
				for (const host of expanded)
					expect(nodes.contains(host), host).to.equal(true);
				const named = new Set(expanded);
				const near = expanded.slice(0, 20).flatMap(neighbours);
				for (const host of [...others, ...near])
					expect(nodes.contains(host), host).to.equal(named.has(host));
			}),
		);
	});

	const sizes: Record<string, number[]> = {
		emmy: [38, 63, 111, 70],
		alex: [44, 20, 15],
		fritz: [992, 64, 16],
	};
	for (const [name, counts] of Object.entries(sizes))
		it(`reads the node lists of ${name}`, function () {
			const path = sharedData("archive", name, "cluster.json");
			if (path === undefined) return this.skip();
			const cluster = JSON.parse(readFileSync(path, "utf8")) as Cluster;
			const lists = cluster.subClusters.map(({ nodes }) =>
				parseNodeList(nodes),
			);
			expect(lists.map(({ count }) => count)).to.deep.equal(counts);
		});
});

/** Node list texts of few hosts whose names come close to one another. */
function nodeLists(): fc.Arbitrary<string> {
	const range = fc
		.record({ first: fc.nat(120), more: fc.nat(12), width: fc.nat(4) })
		.map(({ first, more, width }) => {
			const from = String(first).padStart(width, "0");
			const to = String(first + more).padStart(from.length, "0");
			return more === 0 ? from : `${from}-${to}`;
		});
	const bracket = fc
		.array(range, { minLength: 1, maxLength: 3 })
		.map((ranges) => `[${ranges.join(",")}]`);
	const fixed = fc.stringMatching(/^[n01-]{1,3}$/);
	const item = fc
		.array(fc.oneof(fixed, bracket), { minLength: 1, maxLength: 4 })
		.filter((parts) => parts.filter((it) => it.startsWith("[")).length <= 2)
		.map((parts) => parts.join(""));
	return fc
		.array(item, { minLength: 1, maxLength: 3 })
		.map((items) => items.join(","));
}

function hosts(): fc.Arbitrary<string> {
	return fc.stringMatching(/^[n01-]{0,3}\d{0,4}$/);
}

/** A digit or zero more or less. */
function neighbours(host: string): string[] {
	return [
		`${host}0`,
		host.slice(0, -1),
		host.replace(/\d/, "0$&"),
		host.replace("0", ""),
	];
}
