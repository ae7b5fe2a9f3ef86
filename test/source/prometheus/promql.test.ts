import { expect } from "chai";
import { expandQuery } from "../../../lib/source/prometheus/promql.js";

describe("expandQuery", () => {
	it("looks for a selector's last sample within the window", () => {
		for (const selector of [
			'node_load1{instance=~"$hosts"}',
			'  node:load:sum {instance=~"$hosts", mode!="idle"} ',
			'{__name__="a b",instance=~"$hosts",quote="}\\""}',
			"{instance=~'$hosts'}",
		]) {
			const query = expandQuery(selector, ["n1"], 60_000);
			expect(query, selector)
				.to.match(/^last_over_time\(\S/)
				.and.match(/\}\[60000ms\]\)$/)
				.and.include("(?:n1)(?::[0-9]+)?");
		}
	});

	it("sends any other expression as it is written", () => {
		for (const [template, expected] of [
			[
				'sum by (instance) (rate(x_total{instance=~"$hosts"}[$window]))',
				'sum by (instance) (rate(x_total{instance=~"(?:n1|n2)(?::[0-9]+)?"}[1500ms]))',
			],
			[
				'x{instance=~"$hosts"} / 1e9',
				'x{instance=~"(?:n1|n2)(?::[0-9]+)?"} / 1e9',
			],
			['x{instance=~"$hosts"}[5m]', 'x{instance=~"(?:n1|n2)(?::[0-9]+)?"}[5m]'],
			[
				'a{instance=~"$hosts"} or b{instance=~"$hosts"}',
				'a{instance=~"(?:n1|n2)(?::[0-9]+)?"} or b{instance=~"(?:n1|n2)(?::[0-9]+)?"}',
			],
		])
			expect(expandQuery(template, ["n1", "n2"], 1500)).to.equal(expected);
	});

	it("lets no host name end the string or mean anything but itself", () => {
		const query = expandQuery(
			'x{instance=~"$hosts"}',
			['a"b', "a.b", "a\\b", "a'b", "a|b", "a\nb", "$window"],
			1,
		);
		expect(query).to.include(
			'"(?:a\\\\x22b|a\\\\.b|a\\\\\\\\b|a\\\\x27b|a\\\\|b|a\\\\x0ab|\\\\$window)(?::[0-9]+)?"',
		);
	});
});
