/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ReportBlock.Note;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;
import org.lora4j.interpret.IntruderReport;
import org.lora4j.interpret.ModuleIntruders;
import org.lora4j.interpret.ModuleShares;
import org.lora4j.interpret.ModuleUpdate;
import org.lora4j.interpret.UpdateReport;

/** What an adapter changed: layers by modules, and a line for each module. */
final class ChangeParts {

    /** The last number of a path is that of its layer: {@code encoder.layer.3.attention.self.query}. */
    private static final Pattern LAYER = Pattern.compile("(?:(.*)\\.)?(\\d+)(?:\\.(.*))?");

    private static final String MODULE = "module";
    private static final double MOST_ENERGY = 0.9;

    private ChangeParts() {}

    static ReportDocument add(ReportDocument report, UpdateReport found) {
        List<ReportBlock> blocks = new ArrayList<>();
        Map<String, Double> sizes = new LinkedHashMap<>();
        found.modules().forEach(module -> sizes.put(module.path(), module.relativeNorm()));
        byLayer("changes", "How much each weight changed, in shares of its size", sizes, blocks);
        TableRows table = new TableRows(
                "updates",
                "Changed weights",
                TableRows.text(MODULE),
                TableRows.number("size of the change"),
                TableRows.number("of the weight's size"),
                TableRows.number("of its largest direction"),
                TableRows.number("effective rank"),
                TableRows.number("rank of 90 %"),
                TableRows.number("amplification"));
        found.modules().stream()
                .sorted(Comparator.comparingDouble((ModuleUpdate module) -> -module.relativeNorm()))
                .forEach(module -> table.add(
                        module.path(),
                        module.norm(),
                        module.relativeNorm(),
                        module.relativeSpectralNorm(),
                        module.effectiveRank(),
                        module.rankFor(MOST_ENERGY),
                        module.amplification()));
        blocks.add(table.grid());
        leftOut(found.leftOut(), blocks);
        return report.with(ReportPart.CHANGES, blocks);
    }

    static ReportDocument add(ReportDocument report, IntruderReport found) {
        List<ReportBlock> blocks = new ArrayList<>();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("intruder dimensions", found.count());
        facts.put("directions looked at in each weight", found.topK());
        facts.put("an intruder's cosine is below", found.epsilon());
        blocks.add(new Facts("intruders", "Directions that the weights did not have before", facts));
        Map<String, Double> counts = new LinkedHashMap<>();
        found.modules()
                .forEach(module ->
                        counts.put(module.path(), (double) module.intruders().size()));
        if (found.count() > 0) {
            byLayer("intruders-by-layer", "Intruder dimensions", counts, blocks);
        }
        TableRows table = new TableRows(
                "intruders-by-module",
                "Strongest directions of each weight",
                TableRows.text(MODULE),
                TableRows.number("intruders"),
                TableRows.number("smallest cosine"));
        found.modules().stream()
                .sorted(Comparator.comparingInt(
                        (ModuleIntruders module) -> -module.intruders().size()))
                .forEach(module -> table.add(
                        module.path(),
                        module.intruders().size(),
                        module.cosines().stream().min(Double::compare).orElse(1.0)));
        blocks.add(table.grid());
        leftOut(found.leftOut(), blocks);
        return report.with(ReportPart.CHANGES, blocks);
    }

    static ReportDocument add(ReportDocument report, ModuleShares found) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("metric with all", found.all());
        facts.put("metric with none", found.none());
        TableRows table = new TableRows(
                "shares",
                "What each module does for the metric, those first that are missed most",
                TableRows.text(MODULE),
                TableRows.number("without it"),
                TableRows.number("lost"),
                TableRows.number("alone"),
                TableRows.number("gained"));
        found.byLoss()
                .forEach(share -> table.add(
                        share.name(),
                        share.without(),
                        found.all() - share.without(),
                        share.alone(),
                        share.alone() - found.none()));
        return report.with(
                ReportPart.CHANGES, List.of(new Facts("module-shares", "Modules switched off", facts), table.grid()));
    }

    private static void leftOut(Map<String, String> leftOut, List<ReportBlock> blocks) {
        if (!leftOut.isEmpty()) {
            blocks.add(new Note(leftOut.entrySet().stream()
                    .map(one -> one.getKey() + " (" + one.getValue() + ")")
                    .collect(Collectors.joining(", ", "Left out: ", ""))));
        }
    }

    /** A matrix of layers by modules; none where there is only one of either, as the table says it all then. */
    private static void byLayer(String id, String caption, Map<String, Double> values, List<ReportBlock> blocks) {
        Map<Integer, Map<String, Double>> layers = new TreeMap<>();
        Set<String> modules = new LinkedHashSet<>();
        values.forEach((path, value) -> {
            Matcher layer = LAYER.matcher(path);
            // A number of a layer that is none is a name.
            if (layer.matches() && layer.group(2).length() < 7) {
                String prefix = layer.group(1) == null ? "layer" : layer.group(1);
                String module = layer.group(3) == null ? prefix : layer.group(3);
                modules.add(module);
                layers.computeIfAbsent(Integer.parseInt(layer.group(2)), number -> new LinkedHashMap<>())
                        .merge(module, value, Double::sum);
            }
        });
        if (layers.size() < 2 && modules.size() < 2) {
            return;
        }
        List<String> columns = List.copyOf(modules);
        List<List<Double>> cells = new ArrayList<>();
        layers.values().forEach(layer -> {
            List<Double> row = new ArrayList<>();
            columns.forEach(module -> row.add(layer.get(module)));
            cells.add(row);
        });
        List<String> rows = layers.keySet().stream().map(String::valueOf).toList();
        blocks.add(new HeatGrid(id, caption, "layer", MODULE, rows, columns, cells, false));
    }
}
