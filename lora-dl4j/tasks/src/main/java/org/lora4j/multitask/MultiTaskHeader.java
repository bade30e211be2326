/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.samediff.ExpertGate;
import org.lora4j.samediff.ExpertGate.Input;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The file {@value #FILE}: what parts there are, which tasks, their labels, and the gates as tensors {@code N/module} (N the
 * number of the task) or {@code all/module} for a gate of all tasks. Everything else is metadata of the file, so that it
 * needs no format of its own.
 *
 * @param hasShared whether there is a shared part
 * @param experts number of experts, or 0
 * @param tasks the tasks in order
 */
record MultiTaskHeader(boolean hasShared, int experts, List<TaskEntry> tasks) {

    static final String FILE = "multitask.safetensors";

    private static final String VERSION_KEY = "lora4j.multitask";
    private static final String VERSION = "1";
    private static final String ALL = "all";
    private static final int MOST = 100_000;

    /**
     * One task.
     *
     * @param name its name
     * @param hasSpecific whether it has a part for itself
     * @param labels its labels
     * @param gate its gate
     */
    record TaskEntry(String name, boolean hasSpecific, Optional<TaskLabels> labels, Optional<ExpertGate> gate) {}

    static MultiTaskHeader of(MultiTaskAdapter adapter) {
        List<TaskEntry> tasks = new ArrayList<>();
        adapter.parts()
                .forEach((name, part) ->
                        tasks.add(new TaskEntry(name, part.specific().isPresent(), part.labels(), part.gate())));
        int experts = tasks.get(0).gate().map(ExpertGate::experts).orElse(0);
        return new MultiTaskHeader(adapter.shared().isPresent(), experts, tasks);
    }

    void write(Path file) throws IOException {
        Map<String, String> metadata = new TreeMap<>();
        List<TensorSource> tensors = new ArrayList<>();
        metadata.put(VERSION_KEY, VERSION);
        metadata.put("shared", Boolean.toString(hasShared));
        metadata.put("experts", Integer.toString(experts));
        metadata.put("gate", gate().map(ExpertGate::input).map(Enum::name).orElse("NONE"));
        for (int i = 0; i < tasks.size(); i++) {
            TaskEntry task = tasks.get(i);
            metadata.put("task." + i, task.name());
            metadata.put("task." + i + ".specific", Boolean.toString(task.hasSpecific()));
            List<String> labels = task.labels().map(TaskLabels::names).orElse(List.of());
            for (int label = 0; label < labels.size(); label++) {
                metadata.put("task." + i + ".label." + label, labels.get(label));
            }
            String prefix = seesActivation() ? ALL : Integer.toString(i);
            if (task.gate().isPresent() && (i == 0 || !seesActivation())) {
                task.gate()
                        .get()
                        .values()
                        .forEach((module, value) -> tensors.add(source(prefix + "/" + module, value)));
            }
        }
        SafetensorsWriter.write(file, tensors, metadata);
    }

    private Optional<ExpertGate> gate() {
        return tasks.get(0).gate();
    }

    private boolean seesActivation() {
        return gate().filter(gate -> gate.input() == Input.ACTIVATION).isPresent();
    }

    private static TensorSource source(String name, INDArray value) {
        INDArray own = ArrayBytes.ownCopy(value);
        return ArrayBytes.source(name, own, ElementCodec.exactFor(own.dataType()));
    }

    static MultiTaskHeader read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new AdapterFormatException(
                    file + ": no such file; expected a directory that MultiTaskAdapter.save wrote."
                            + " A plain adapter is read by Adapter.load.");
        }
        Map<String, String> metadata;
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            metadata = reader.metadata();
            checkVersion(file, metadata.get(VERSION_KEY));
            for (TensorEntry entry : reader.tensors().values()) {
                ElementCodec codec = ElementCodec.of(entry.dtype())
                        .orElseThrow(() -> new CorruptAdapterException(
                                file + ": tensor " + entry + " is of no type that gates have; expected floating point."
                                        + " The file is damaged: get it again."));
                tensors.put(entry.name(), ArrayBytes.read(reader, entry, codec));
            }
        }
        return new Reading(file, metadata, tensors).header();
    }

    private static void checkVersion(Path file, String version) throws AdapterFormatException {
        if (version == null) {
            throw new AdapterFormatException(file + ": has no \"" + VERSION_KEY
                    + "\" in its metadata; expected a file that MultiTaskAdapter.save wrote.");
        }
        if (!version.equals(VERSION)) {
            throw new UnsupportedAdapterVersionException(file + ": is of version \"" + version + "\"; expected "
                    + VERSION + ". Use the release of lora4j that wrote it, or a later one.");
        }
    }

    /** What a file says, taken apart; nothing of it is trusted. */
    private record Reading(Path file, Map<String, String> metadata, Map<String, INDArray> tensors) {

        MultiTaskHeader header() throws CorruptAdapterException {
            Problems problems = new Problems();
            int experts = number("experts", problems);
            Optional<Input> input = input(experts, problems);
            List<TaskEntry> tasks = new ArrayList<>();
            for (int i = 0; metadata.containsKey("task." + i); i++) {
                tasks.add(new TaskEntry(
                        metadata.get("task." + i),
                        flag("task." + i + ".specific", problems),
                        labels(i, problems),
                        gate(i, experts, input, problems)));
            }
            // Before any of them becomes the name of a folder.
            TaskNames.check(tasks.stream().map(TaskEntry::name).toList(), problems);
            boolean shared = flag("shared", problems);
            if (!problems.isEmpty()) {
                throw new CorruptAdapterException(
                        problems.message(file.toString()) + ". The file is damaged: get it again.");
            }
            return new MultiTaskHeader(shared, experts, List.copyOf(tasks));
        }

        private int number(String key, Problems problems) {
            String text = metadata.get(key);
            try {
                int number = Integer.parseInt(String.valueOf(text));
                problems.check(
                        number >= 0 && number <= MOST && number != 1,
                        key + " = " + text + ", expected 0, or 2 to " + MOST);
                return number;
            } catch (NumberFormatException e) {
                problems.add(key + " = \"" + text + "\", expected a whole number");
                return 0;
            }
        }

        private boolean flag(String key, Problems problems) {
            String text = metadata.get(key);
            problems.check(
                    "true".equals(text) || "false".equals(text), key + " = \"" + text + "\", expected true or false");
            return "true".equals(text);
        }

        private Optional<Input> input(int experts, Problems problems) {
            String text = metadata.get("gate");
            if (experts == 0) {
                problems.check("NONE".equals(text), "gate = \"" + text + "\" without experts, expected NONE");
                return Optional.empty();
            }
            for (Input input : Input.values()) {
                if (input.name().equals(text)) {
                    return Optional.of(input);
                }
            }
            problems.add("gate = \"" + text + "\", expected CONSTANT or ACTIVATION");
            return Optional.empty();
        }

        private Optional<TaskLabels> labels(int task, Problems problems) {
            List<String> names = new ArrayList<>();
            for (int i = 0; metadata.containsKey("task." + task + ".label." + i); i++) {
                names.add(metadata.get("task." + task + ".label." + i));
            }
            try {
                return names.isEmpty() ? Optional.empty() : Optional.of(new TaskLabels(names));
            } catch (IllegalArgumentException e) {
                problems.add("task " + task + ": " + e.getMessage());
                return Optional.empty();
            }
        }

        private Optional<ExpertGate> gate(int task, int experts, Optional<Input> input, Problems problems) {
            if (input.isEmpty() || experts < 2) {
                return Optional.empty();
            }
            String prefix = (input.get() == Input.ACTIVATION ? ALL : Integer.toString(task)) + "/";
            Map<String, INDArray> values = new LinkedHashMap<>();
            tensors.forEach((name, value) -> {
                if (name.startsWith(prefix)) {
                    values.put(name.substring(prefix.length()), value);
                    problems.check(
                            ArrayBytes.firstNotFinite(value, ElementCodec.exactFor(value.dataType())) < 0,
                            "tensor \"" + name + "\" holds values that are not finite");
                }
            });
            return Optional.of(new ExpertGate(experts, input.get(), values));
        }
    }
}
