/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.http.JsonFields;

/** What the model may call. */
final class ChatTools {

    private static final String TOOLS = "tools";

    private static final String CHOICE = "tool_choice";

    /** More than any model can choose from. */
    private static final int MOST = 1_000;

    private ChatTools() {}

    /** The tools for the template, none if the model is to call none. */
    static List<Map<String, Object>> of(JsonFields fields) {
        JsonNode tools = fields.value(TOOLS).orElse(null);
        JsonNode choice = fields.value(CHOICE).orElse(null);
        if (choice != null && !isOneOf(choice, "auto", "none")) {
            throw fields.problem(
                    CHOICE, "asks for a call, which cannot be promised here; expected \"auto\" or \"none\"");
        }
        if (tools == null) {
            return List.of();
        }
        if (!tools.isArray() || tools.size() > MOST) {
            throw fields.problem(TOOLS, "is no list of at most " + MOST + " tools");
        }
        List<Map<String, Object>> read = new ArrayList<>(tools.size());
        for (JsonNode tool : tools) {
            if (!"function".equals(tool.path("type").textValue())
                    || !tool.path("function").path("name").isTextual()) {
                throw fields.problem(
                        TOOLS,
                        "[" + read.size()
                                + "] is no function; expected {\"type\": \"function\", \"function\": {\"name\": ...}}");
            }
            read.add(JsonValues.object(tool));
        }
        return choice != null && isOneOf(choice, "none") ? List.of() : read;
    }

    private static boolean isOneOf(JsonNode node, String... words) {
        return node.isTextual() && List.of(words).contains(node.textValue());
    }
}
