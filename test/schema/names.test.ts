import { expect } from "chai";
import {
	assertClusterName,
	assertHostname,
	assertJobKey,
	assertMetricName,
} from "../../lib/schema/names.js";
import { thrown } from "../support/thrown.js";

describe("assertClusterName", () => {
	for (const good of ["emmy", "a", "0", "Alex-2.test_x", "a..b"])
		it(`takes ${good}`, () => assertClusterName(good));

	const bad = [
		"",
		".",
		"..",
		".hidden",
		"-x",
		"_x",
		"a/b",
		"../x",
		"a\\b",
		"a b",
		"a\n",
		"a\0",
		"é",
		"__proto__",
		7,
		null,
		undefined,
		["emmy"],
	];
	for (const value of bad)
		it(`refuses ${JSON.stringify(value)}`, () => {
			const { code, details, message } = thrown(() => assertClusterName(value));
			expect(code).to.equal("INVALID_INPUT");
			expect(details.field).to.equal("cluster");
			expect(message).to.match(/^cluster: expected a name of .*, received /);
		});
});

describe("assertJobKey", () => {
	const key = { cluster: "emmy", jobId: 1403244, startTime: 1608923076 };

	it("takes a key, zeros, the largest safe integers, and a job with more fields", () => {
		assertJobKey(key);
		assertJobKey({ ...key, jobId: 0, startTime: 0 });
		assertJobKey({ ...key, jobId: Number.MAX_SAFE_INTEGER, user: "u" });
	});

	const parts = ["jobId", "startTime"];
	const bad = [-1, 1.5, Number.NaN, 2 ** 53, Infinity, "1", 1n, null];
	for (const field of parts)
		for (const value of [...bad, undefined])
			it(`refuses ${field} ${typeof value} ${value}`, () => {
				const error = thrown(() => assertJobKey({ ...key, [field]: value }));
				expect(error.code).to.equal("INVALID_INPUT");
				expect(error.details.field).to.equal(field);
			});

	it("names the cluster when that is what is wrong", () => {
		const error = thrown(() => assertJobKey({ ...key, cluster: "../etc" }));
		expect(error.details).to.deep.equal({
			field: "cluster",
			received: "../etc",
		});
	});

	it("refuses what is no object", () => {
		for (const value of [undefined, null, "emmy/1/2", 5])
			expect(thrown(() => assertJobKey(value)).details.field).to.equal(
				"job key",
			);
	});
});

describe("assertMetricName and assertHostname", () => {
	it("take anything but nothing", () => {
		for (const name of ["cpu_load", "__proto__", "constructor", " ", "ü/x"]) {
			assertMetricName(name);
			assertHostname(name);
		}
	});

	it("refuse the empty string and what is no string", () => {
		for (const value of ["", 1, null, undefined, {}]) {
			expect(thrown(() => assertMetricName(value)).details.field).to.equal(
				"metric",
			);
			expect(
				thrown(() => assertHostname(value, "host")).details.field,
			).to.equal("host");
		}
	});
});
