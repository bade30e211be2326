/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.ChatTemplate;
import org.lora4j.language.ChatTemplateException;

/** Chat templates against what transformers makes of them: the text, or the words of the refusal. */
public final class ChatCases {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};

    private ChatCases() {}

    /**
     * Runs all cases.
     *
     * @param folder a folder of JSON files, each with a template and its cases
     * @return one outcome each
     * @throws IOException if a file cannot be read
     */
    public static List<LmCase> run(Path folder) throws IOException {
        List<LmCase> outcomes = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".json"))
                    .sorted()
                    .toList()) {
                JsonNode about = JSON.readTree(file.toFile());
                for (JsonNode one : about.get("cases")) {
                    outcomes.add(check(about, one));
                }
            }
        }
        return outcomes;
    }

    private static LmCase check(JsonNode about, JsonNode one) {
        boolean prompt = one.get("add_generation_prompt").asBoolean();
        String name = "chat/" + about.get("template").asText() + "/"
                + one.get("conversation").asText() + (prompt ? "/prompt" : "");
        boolean refused = one.has("error");
        String expected = one.get(refused ? "error" : "text").textValue();
        String found;
        boolean refusal = false;
        try {
            found = template(about).render(messages(one.get("messages")), prompt, withoutNull(one.get("variables")));
        } catch (ChatTemplateException e) {
            found = e.reason();
            refusal = true;
        } catch (RuntimeException e) {
            return new LmCase(name, LmCase.Outcome.FAILED, e.toString());
        }
        return expected.equals(found) && refused == refusal
                ? new LmCase(name, LmCase.Outcome.PASSED, refused ? "refused" : "the text")
                : new LmCase(
                        name,
                        LmCase.Outcome.FAILED,
                        MessageText.value(found) + ", expected " + MessageText.value(expected));
    }

    private static ChatTemplate template(JsonNode about) {
        Map<String, String> tokens = new LinkedHashMap<>();
        for (String token : List.of("bos_token", "eos_token")) {
            if (about.hasNonNull(token)) {
                tokens.put(token, about.get(token).textValue());
            }
        }
        return ChatTemplate.of(about.get("chat_template").textValue(), tokens);
    }

    private static List<ChatMessage> messages(JsonNode messages) {
        List<ChatMessage> all = new ArrayList<>();
        for (JsonNode message : messages) {
            Map<String, Object> fields = JSON.convertValue(message, MAP);
            String role = (String) fields.remove("role");
            String content = fields.get("content") instanceof String text ? text : null;
            if (content != null) {
                fields.remove("content");
            }
            all.add(new ChatMessage(role, content, fields));
        }
        return all;
    }

    private static Map<String, Object> withoutNull(JsonNode variables) {
        Map<String, Object> values = variables == null ? new LinkedHashMap<>() : JSON.convertValue(variables, MAP);
        values.values().removeIf(value -> value == null);
        return values;
    }
}
