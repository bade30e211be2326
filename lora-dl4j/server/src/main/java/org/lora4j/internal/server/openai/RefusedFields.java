/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.JsonFields;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fields that are not done. Those that would give another answer are refused by name; all others are ignored, and logged the first
 * time.
 */
final class RefusedFields {

    private static final Logger LOG = LoggerFactory.getLogger(RefusedFields.class);

    /** Names come from clients: beyond this many no further one is remembered or logged. */
    private static final int MOST_NAMES = 200;

    private static final String GRAMMAR =
            "forms of answers cannot be enforced here. Say in the prompt what form is wanted";

    private static final String TOOLS = "say it by tools";

    /** With what to do. */
    private static final Map<String, String> REFUSED = Map.ofEntries(
            Map.entry("functions", TOOLS),
            Map.entry("function_call", TOOLS),
            Map.entry("audio", "answers are texts"),
            Map.entry("web_search_options", "nothing is looked up"),
            Map.entry("suffix", "texts go on only at their end"),
            Map.entry("use_beam_search", "tokens are drawn, or the best one is taken"),
            Map.entry("guided_json", GRAMMAR),
            Map.entry("guided_regex", GRAMMAR),
            Map.entry("guided_choice", GRAMMAR),
            Map.entry("guided_grammar", GRAMMAR),
            Map.entry("structured_outputs", GRAMMAR),
            Map.entry("grammar", GRAMMAR),
            Map.entry("json_schema", GRAMMAR));

    private final Set<String> logged = ConcurrentHashMap.newKeySet();

    /** Looks at what nobody has read; comes after all have. */
    void check(JsonFields fields) {
        fields.value("response_format").ifPresent(format -> {
            if (!"text".equals(format.path("type").textValue())) {
                throw fields.problem(
                        "response_format",
                        "= " + MessageText.value(format.path("type")) + ": " + GRAMMAR + ", or leave the field out");
            }
        });
        REFUSED.forEach((name, advice) -> fields.value(name)
                .filter(RefusedFields::saysSomething)
                .ifPresent(value -> {
                    throw fields.problem(name, "is not supported: " + advice);
                }));
        for (String name : fields.others()) {
            if (logged.size() < MOST_NAMES && logged.add(name)) {
                LOG.info(
                        "OpenAI's interface: the field {} has no effect here. This is said once.",
                        MessageText.name(name));
            }
        }
    }

    /** Whether a value asks for something: clients write out what they do not use. */
    private static boolean saysSomething(JsonNode value) {
        return !(value.isBoolean() && !value.booleanValue()
                || value.isTextual() && value.textValue().isEmpty()
                || value.isContainerNode() && value.isEmpty());
    }
}
