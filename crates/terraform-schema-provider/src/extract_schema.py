#!/usr/bin/env python3
"""Rebuild the AWS provider's schema from the prebuilt CDK Terrain bindings.

    extract_schema.py <cdktn_provider_aws-*.whl> <types.txt> > schema.json

The bindings are generated from `terraform providers schema -json`, and their JavaScript keeps nearly
all of it: every attribute has a comment `// name - computed: c, optional: o, required: r`, and every
config struct has a `...ToHclTerraform` function that names the Terraform type of each entry. The text
is machine-made and regular, so it is read with expressions, never executed.

types.txt has one `aws_x` (resource) or `data.aws_x` (data source) a line. Output: the format of
`terraform providers schema -json` (provider, resource_schemas, data_source_schemas).
"""
import io, json, re, sys, tarfile, zipfile

CLASS = re.compile(r"^class (\w+) extends cdktn\.(\w+) \{\n(.*?)^\}", re.M | re.S)
FUNC = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", re.M | re.S)
HCL = re.compile(r'^\s+(\w+): \{\n\s+value: (.+),\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n'
                 r'\s+storageClassType: "(\w+)",\n', re.M)
FLAGS = re.compile(r"^    // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n"
                   r"((?:(?!^    // \w+ - computed:).*\n)*)", re.M)
GETTER = {"String": "string", "Number": "number", "Boolean": "bool", "List": ["list", "string"],
          "NumberList": ["list", "number"], "StringMap": ["map", "string"], "AnyMap": ["map", "dynamic"],
          "BooleanMap": ["map", "bool"], "NumberMap": ["map", "number"]}
SCALAR = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
# Not in the bindings: which values are sensitive (facts from the provider's documentation).
SENSITIVE = {"aws_rds_cluster": {"master_password"}, "aws_acm_certificate": {"private_key"},
             "aws_secretsmanager_secret_version": {"secret_string", "secret_binary"},
             "data.aws_secretsmanager_secret_version": {"secret_string", "secret_binary"},
             "aws_ssm_parameter": {"value"}, "aws_cognito_user_pool_client": {"client_secret"}}


def storage(kind, cls):
    """cty type of an attribute from the `type` and `storageClassType` of its HCL entry."""
    if kind == "simple":
        return SCALAR[cls]
    m = re.fullmatch(r"(string|number|boolean|any)((?:List|Map)+)", cls)
    if not m:
        return None
    t = SCALAR[m[1]]
    wraps = re.findall("List|Map", m[2])
    for i, w in enumerate(wraps):
        outer = i == len(wraps) - 1
        t = [kind if outer and kind in ("list", "set", "map") else w.lower(), t]
    return t


class Bindings:
    """One `lib/<name>/index.js`: its classes and its HCL functions."""

    def __init__(self, text):
        self.classes = {m[1]: (m[2], m[3]) for m in CLASS.finditer(text)}
        self.hcl = {m[1].lower(): m[2] for m in FUNC.finditer(text)}

    def root(self):
        for name, (base, body) in self.classes.items():
            if base in ("TerraformResource", "TerraformDataSource", "TerraformProvider"):
                return name, body
        raise ValueError("no root class")

    def entries(self, text):
        return {m[1]: (m[2], m[4], m[5]) for m in HCL.finditer(text)}

    def block(self, name, body, hcl_text, tf_type=""):
        """{"attributes": ..., "block_types": ...} of one class."""
        hcl, attrs, blocks = self.entries(hcl_text), {}, {}
        for m in FLAGS.finditer(body):
            key, (computed, optional, required) = m[1], (m[i] == "true" for i in (2, 3, 4))
            if key == "alias" and tf_type == "provider":
                continue
            value, kind, cls = hcl.get(key, ("", "", ""))
            nested = re.search(r'= new (\w+?)(List|Map|OutputReference)\(this, "\w+"(?:, (true|false))?\)', m[5])
            as_block = re.search(r"listMapperHcl\(\w+, true\)|^\w+ToHclTerraform\(", value)
            struct = nested[1] if nested and nested[1] != "cdktn." else None
            if not struct and cls.endswith("List") and not storage(kind, cls):
                struct = cls[:-4]                       # provider blocks have no class of their own
            if struct and as_block:
                blocks[key] = self.nested_block(struct, kind, value, required)
                continue
            if struct:
                wrap = kind or ("set" if nested[3] == "true" else "list")
                ty = self.object_type(struct)
                ty = ty if nested and nested[2] == "OutputReference" and wrap == "struct" else [wrap, ty]
            elif kind:
                ty = storage(kind, cls)
            else:
                g = re.search(r"this\.get(\w*?)Attribute\(", m[5])
                mp = re.search(r"= new cdktn\.(\w+)Map\(this", m[5])
                ty = ["map", {"String": "string", "Boolean": "bool", "Number": "number", "Any": "dynamic"}[mp[1]]] \
                    if mp else GETTER[g[1]] if g else "dynamic"
                if "Fn.tolist" in m[5]:
                    ty = ["set", ty[1]]
            attrs[key] = {k: v for k, v in {
                "type": ty, "computed": computed, "optional": optional, "required": required,
                "sensitive": key in SENSITIVE.get(tf_type, ()),
                # The provider's own convention: `secret_string_wo` is sent and never stored.
                "write_only": key.endswith("_wo") and optional}.items() if v}
        return {k: v for k, v in {"attributes": attrs, "block_types": blocks}.items() if v}

    def nested_block(self, struct, kind, value, required):
        one = "listMapperHcl" not in value              # max_items above 1 is not in the bindings
        mode = {"struct": "single", "list": "list", "set": "set", "map": "map"}[kind]
        out = {"nesting_mode": mode, "block": self.struct(struct)}
        if mode in ("list", "set"):
            out |= ({"min_items": 1} if required else {}) | ({"max_items": 1} if one else {})
        return out

    def struct(self, struct):
        body = self.classes.get(struct + "OutputReference", ("", ""))[1]
        hcl = self.hcl.get(struct.lower(), "")
        if not body:                                    # only the HCL function names its entries
            body = "".join(f"    // {k} - computed: false, optional: true, required: false\n" for k in self.entries(hcl))
        return self.block(struct, body, hcl)

    def object_type(self, struct):
        b = self.struct(struct)
        obj = {k: a["type"] for k, a in b.get("attributes", {}).items()}
        for k, n in b.get("block_types", {}).items():
            inner = ["object", {a: v["type"] for a, v in n["block"].get("attributes", {}).items()}]
            obj[k] = inner if n["nesting_mode"] == "single" else [n["nesting_mode"], inner]
        return ["object", obj]


def main():
    wheel, types = sys.argv[1], [t.strip() for t in open(sys.argv[2]) if t.strip() and t[0] != "#"]
    with zipfile.ZipFile(wheel) as z:
        inner = next(n for n in z.namelist() if n.endswith(".jsii.tgz"))
        data = z.read(inner)
    want = {"provider": "provider"} | {
        ("data-aws-" + t[9:] if t.startswith("data.") else t[4:]).replace("_", "-"): t for t in types}
    provider, res, ds, version = {}, {}, {}, None
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for m in tar:
            parts = m.name.split("/")
            if len(parts) != 4 or parts[3] != "index.js" or parts[2] not in want:
                continue
            text, t = tar.extractfile(m).read().decode(), want.pop(parts[2])
            b = Bindings(text)
            name, body = b.root()
            version = re.search(r"providerVersion: '([\d.]+)'", body)[1]
            hcl_text = body[body.index("synthesizeHclAttributes"):]
            schema = {"version": 0, "block": b.block(name, body, hcl_text, t)}
            if '"dynamic"' in json.dumps(schema):       # e.g. aws_wafv2_web_acl: Terraform would refuse the schema
                sys.exit(f"{t}: it has recursive blocks, which the bindings leave out")
            if t == "provider":
                provider = schema
            elif t.startswith("data."):
                ds[t[5:]] = schema
            else:
                res[t] = schema
    if want:
        sys.exit("not in the bindings: " + ", ".join(sorted(want.values())))
    json.dump({"format_version": "1.0", "provider_schemas": {"hashicorp/aws": {
        "x_version": version, "provider": provider, "resource_schemas": res, "data_source_schemas": ds}}},
        sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
