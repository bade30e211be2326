/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Settings as YAML, one a line, which {@link YamlFile} reads back as they are. */
final class YamlText {

    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_/.][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+-]+)*");

    private YamlText() {}

    static String of(CliSettings settings) {
        StringBuilder text = new StringBuilder();
        settings.given()
                .forEach((setting, given) ->
                        text.append(line(setting, given.value())).append('\n'));
        return text.toString();
    }

    static String line(Setting setting, Object value) {
        return setting.key() + ": " + value(value);
    }

    static String value(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(YamlText::value).collect(Collectors.joining(", ", "[", "]"));
        }
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> value(String.valueOf(entry.getKey())) + ": " + value(entry.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        if (value instanceof String text) {
            return PLAIN.matcher(text).matches() && YamlFile.scalar(text) instanceof String ? text : quoted(text);
        }
        if (value instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1e15) {
            return String.valueOf(number.longValue());
        }
        return String.valueOf(value);
    }

    /** As in JSON, of which YAML 1.2 has all; what cannot be seen is spelled out, as readers of YAML refuse it otherwise. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c == '\n') {
                quoted.append("\\n");
            } else if (c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c >= 0xfeff && c != 0xfffd) {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
