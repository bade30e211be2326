/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.text.TextEncoder;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j modules}. */
final class ModulesCommand extends SimpleCommand {

    private static final Pattern LAYER = Pattern.compile("(^|\\.)(\\d+)(?=\\.)");
    private static final String WEIGHT = ".weight";

    ModulesCommand() {
        super("modules", "lora4j modules all-minilm-l6-v2", "lora4j modules models/smollm --all");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "MODEL", "a base: directory, ONNX file, name, or cached org/name"));
        spec.addOption(CliCommand.flag("--all", "each module of each layer, not layers together"));
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Bases.Base base = Bases.find(call.argument(0), call.environment());
        Map<String, long[]> modules = modules(base);
        if (modules.isEmpty()) {
            throw CliException.input(call.argument(0) + " has no weights in safetensors or ONNX");
        }
        if (call.terminal().isJson()) {
            List<Map<String, Object>> told = new ArrayList<>();
            modules.forEach((name, shape) -> {
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("module", name);
                one.put("shape", Arrays.stream(shape).boxed().toList());
                told.add(one);
            });
            call.printJson(Map.of("modules", told));
            return ExitCode.OK;
        }
        print(call.terminal(), call.has("--all") ? single(modules) : together(modules));
        return ExitCode.OK;
    }

    private static Map<String, long[]> modules(Bases.Base base) throws IOException {
        Map<String, long[]> modules = new TreeMap<>(ModulesCommand::byLayer);
        Path path = base.path().orElse(null);
        if (path != null && Files.isDirectory(path) && !TensorFiles.in(path).isEmpty()) {
            TensorFiles.of(path).forEach((name, entry) -> add(name, entry.shape(), modules));
            return modules;
        }
        // Of an ONNX file the names are those that its graph gives to weights.
        try (TextEncoder encoder = base.encoder()) {
            encoder.weights().tensors().forEach((name, array) -> add(name, array.shape(), modules));
        }
        return modules;
    }

    private static void add(String name, long[] shape, Map<String, long[]> modules) {
        if (name.endsWith(WEIGHT) && shape.length >= 2) {
            modules.put(name.substring(0, name.length() - WEIGHT.length()), shape);
        }
    }

    private static int byLayer(String a, String b) {
        String left = padded(a);
        String right = padded(b);
        return left.equals(right) ? a.compareTo(b) : left.compareTo(right);
    }

    private static String padded(String name) {
        return LAYER.matcher(name)
                .replaceAll(match -> match.group(1)
                        + "0".repeat(Math.max(0, 6 - match.group(2).length()))
                        + match.group(2));
    }

    private static Map<String, String> single(Map<String, long[]> modules) {
        Map<String, String> lines = new LinkedHashMap<>();
        modules.forEach((name, shape) -> lines.put(name, worded(shape)));
        return lines;
    }

    /** Layers that repeat in one line, as targets name them: by their last name. */
    private static Map<String, String> together(Map<String, long[]> modules) {
        Map<String, List<long[]>> byName = new LinkedHashMap<>();
        modules.forEach((name, shape) -> byName.computeIfAbsent(
                        LAYER.matcher(name).replaceAll("$1*"), known -> new ArrayList<>())
                .add(shape));
        Map<String, String> lines = new LinkedHashMap<>();
        byName.forEach((name, shapes) -> lines.put(
                name,
                shapes.stream().map(ModulesCommand::worded).distinct().collect(Collectors.joining(" or "))
                        + (shapes.size() > 1 ? ", " + shapes.size() + " times" : "")));
        return lines;
    }

    private static String worded(long[] shape) {
        return Arrays.stream(shape).mapToObj(String::valueOf).collect(Collectors.joining(" x "));
    }

    private static void print(Terminal terminal, Map<String, String> lines) {
        int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0) + 2;
        lines.forEach((name, shape) -> terminal.print(name + " ".repeat(width - name.length()) + shape));
    }
}
