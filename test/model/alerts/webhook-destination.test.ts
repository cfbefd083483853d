import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refuseDestination } from "../../../src/model/alerts/webhook-destination";

describe("refuseDestination", () => {
  it.each([
    "https://hooks.slack.com/services/x",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]/",
    "https://a.example:8443",
  ])("accepts %s", (url) => expect(refuseDestination(url)).toBeNull());

  it.each([
    ..."http://example.com/ ftp://example.com/ https://user:pw@example.com/ nonsense https://localhost/".split(" "),
    ..."https://a.localhost/ https://intranet/ https://metadata.google.internal/ https://printer.local/".split(" "),
    ..."https://example.com./ https://127.0.0.1/ https://127.1/ https://2130706433/ https://0x7f000001/".split(" "),
    ..."https://0177.0.0.1/ https://0x7f.1/ https://127.0.0.1./ https://169.254.169.254/ https://[::1]/".split(" "),
    ..."https://[::]/ https://[::ffff:127.0.0.1]/ https://[64:ff9b::7f00:1]/ https://[fd00:ec2::254]/".split(" "),
    ..."https://[fe80::1]/ https://[2002:7f00:1::]/ https://[2001::1]/ https://[2001:db8::1]/ https://[ff02::1]/".split(
      " ",
    ),
    ..."https://LOCALHOST/ https://１２７.0.0.1/ https://%6c%6f%63%61%6c%68%6f%73%74/".split(" "),
  ])("refuses %s", (url) => expect(refuseDestination(url)).not.toBeNull());

  it("refuses every private IPv4 address in every notation", () => {
    const octet = fc.nat({ max: 255 });
    const heads = fc.constantFrom([10], [127], [192, 168], [169, 254], [172, 20], [100, 100], [0]);
    fc.assert(
      fc.property(heads, octet, octet, octet, (head, ...tail) => {
        const octets = [...head, ...tail].slice(0, 4);
        const number = octets.reduce((all, one) => all * 256 + one, 0);
        const hex = octets.map((one) => one.toString(16).padStart(2, "0"));
        const forms = [
          octets.join("."),
          String(number),
          `0x${number.toString(16)}`,
          octets.map((one) => `0${one.toString(8)}`).join("."),
          `[::ffff:${octets.join(".")}]`,
          `[64:ff9b::${hex.slice(0, 2).join("")}:${hex.slice(2).join("")}]`,
        ];
        for (const host of forms) expect(refuseDestination(`https://${host}/`), host).not.toBeNull();
      }),
    );
  });

  it("allows any destination on a developer's machine and in tests", () => {
    expect(refuseDestination("http://127.0.0.1:9000/", true)).toBeNull();
    expect(refuseDestination("file:///etc/passwd", true)).not.toBeNull();
  });
});
