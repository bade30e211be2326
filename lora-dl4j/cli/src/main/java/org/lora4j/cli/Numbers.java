/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;

/** How the numbers of a column are written: with a point, or with a comma as spreadsheets of most of Europe do. */
final class Numbers {

    private static final Pattern WITH_COMMA = Pattern.compile("[-+]?\\d*,\\d+([eE][-+]?\\d+)?");
    private static final Pattern WITH_POINT = Pattern.compile("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?");
    private static final Pattern THOUSANDS = Pattern.compile("[-+]?[1-9]\\d{0,2}(,\\d{3})+");

    private final boolean comma;

    private Numbers(boolean comma) {
        this.comma = comma;
    }

    /**
     * Tells it from the cells, unless the setting does.
     *
     * @param column its name, for messages
     */
    static Numbers of(CliSettings settings, String column, List<String> cells) {
        String decimal = settings.text(Setting.DECIMAL).orElse("");
        if (!decimal.isEmpty() && !decimal.equals("comma") && !decimal.equals("point")) {
            throw CliException.usage("decimal = " + MessageText.name(decimal) + ", expected point or comma");
        }
        if (!decimal.isEmpty()) {
            return new Numbers(decimal.equals("comma"));
        }
        List<String> commas = cells.stream()
                .filter(cell -> WITH_COMMA.matcher(cell).matches())
                .toList();
        boolean points = cells.stream().anyMatch(cell -> cell.contains("."));
        if (commas.isEmpty() || points) {
            return new Numbers(false);
        }
        if (commas.stream().allMatch(cell -> THOUSANDS.matcher(cell).matches())) {
            throw CliException.input(
                    "column '" + MessageText.value(column) + "' has numbers such as "
                            + MessageText.value(commas.get(0))
                            + ", which may be thousands or decimals. Say which: --set decimal=comma, or decimal=point for neither");
        }
        return new Numbers(true);
    }

    /** What stands before the decimals. */
    String mark() {
        return comma ? "comma" : "point";
    }

    OptionalDouble read(String cell) {
        String text = comma && WITH_COMMA.matcher(cell).matches() ? cell.replace(',', '.') : cell;
        if (!WITH_POINT.matcher(text).matches()) {
            return OptionalDouble.empty();
        }
        double number = Double.parseDouble(text);
        return Double.isFinite(number) ? OptionalDouble.of(number) : OptionalDouble.empty();
    }
}
