/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Judges requests and answers by the published description of an interface. */
final class OpenApiJudge {

    private final JsonNode root;

    OpenApiJudge(JsonNode root) {
        this.root = root;
    }

    static OpenApiJudge ofTextEmbeddingsInference() throws IOException {
        try (InputStream in = OpenApiJudge.class.getResourceAsStream("tei-openapi.json")) {
            return new OpenApiJudge(new ObjectMapper().readTree(in));
        }
    }

    /** What is wrong with a request; nothing if it is as described. */
    List<String> request(String path, JsonNode body) {
        return problems(
                root.at("/paths/" + escaped(path) + "/post/requestBody/content/application~1json/schema"), body);
    }

    /** What is wrong with an answer, its status included. */
    List<String> answer(String path, String method, int status, JsonNode body) {
        JsonNode answer = root.at("/paths/" + escaped(path) + "/" + method + "/responses/" + status);
        if (answer.isMissingNode()) {
            return List.of("status " + status + " is not described");
        }
        JsonNode schema = answer.at("/content/application~1json/schema");
        return schema.isMissingNode() ? List.of() : problems(schema, body);
    }

    private static String escaped(String path) {
        return path.replace("~", "~0").replace("/", "~1");
    }

    private List<String> problems(JsonNode schema, JsonNode value) {
        List<String> problems = new ArrayList<>();
        if (schema.isMissingNode()) {
            problems.add("nothing is described");
        }
        check("$", schema, value, problems);
        return problems;
    }

    private void check(String at, JsonNode schema, JsonNode value, List<String> problems) {
        if (schema.has("$ref")) {
            check(at, root.at(schema.get("$ref").textValue().substring(1)), value, problems);
            return;
        }
        if (value.isNull() && schema.path("nullable").booleanValue()) {
            return;
        }
        schema.path("allOf").forEach(each -> check(at, each, value, problems));
        if (schema.has("oneOf")) {
            long fits = 0;
            for (JsonNode each : schema.get("oneOf")) {
                List<String> found = new ArrayList<>();
                check(at, each, value, found);
                fits += found.isEmpty() ? 1 : 0;
            }
            if (fits == 0) {
                problems.add(at + " fits none of " + schema.get("oneOf").size() + ": " + value);
            }
        }
        if (schema.has("enum")) {
            boolean known = false;
            for (JsonNode each : schema.get("enum")) {
                known |= each.equals(value);
            }
            if (!known) {
                problems.add(at + " = " + value + ", expected one of " + schema.get("enum"));
            }
        }
        checkType(at, schema, value, problems);
    }

    private void checkType(String at, JsonNode schema, JsonNode value, List<String> problems) {
        String type = schema.path("type").asText("");
        boolean right = switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            default -> true;
        };
        if (!right) {
            problems.add(at + " is " + value.getNodeType() + ", expected " + type);
            return;
        }
        if (value.isNumber()
                && schema.has("minimum")
                && value.doubleValue() < schema.get("minimum").doubleValue()) {
            problems.add(at + " = " + value + ", expected at least " + schema.get("minimum"));
        }
        if (value.isArray()) {
            if (value.size() < schema.path("minItems").asInt(0)
                    || value.size() > schema.path("maxItems").asInt(Integer.MAX_VALUE)) {
                problems.add(at + " has " + value.size() + " items");
            }
            for (int i = 0; i < value.size(); i++) {
                check(at + "[" + i + "]", schema.path("items"), value.get(i), problems);
            }
        }
        if (value.isObject()) {
            schema.path("required").forEach(name -> {
                if (!value.has(name.textValue())) {
                    problems.add(at + "." + name.textValue() + " is missing");
                }
            });
            for (Map.Entry<String, JsonNode> field : value.properties()) {
                JsonNode described = schema.path("properties").path(field.getKey());
                check(
                        at + "." + field.getKey(),
                        described.isMissingNode() ? schema.path("additionalProperties") : described,
                        field.getValue(),
                        problems);
            }
        }
    }
}
