/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.json.JsonObjects;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A router as a file: prototypes and scatter as tensors of type F64, everything else as a JSON object in the metadata, so that
 * the two cannot fall apart.
 */
final class RouterFile {

    private static final String KEY = "lora4j_task_router";
    private static final int VERSION = 1;
    private static final String MEANS = "prototypes";
    private static final String SCATTER = "scatter";

    private final String where;
    private final Problems problems = new Problems();
    private final JsonNumbers json = new JsonNumbers(problems);

    private RouterFile(String where) {
        this.where = where;
    }

    static void write(TaskRouter router, Path file) throws IOException {
        List<double[]> means = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        router.prototypes().forEach(task -> {
            means.addAll(task.means());
            counts.add(task.means().size());
        });
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("version", VERSION);
        fields.put("tasks", router.tasks());
        fields.put("prototypesOfTasks", counts);
        fields.put("examples", router.scatter().examples());
        fields.put("examplesFor", router.scatter().prototypes());
        router.shrinkage().ifPresent(value -> fields.put("shrinkage", value));
        router.threshold().ifPresent(value -> fields.put("threshold", value));
        List<TensorSource> tensors = new ArrayList<>();
        tensors.add(tensor(MEANS, means.toArray(double[][]::new)));
        if (router.shrinkage().isPresent()) {
            tensors.add(tensor(SCATTER, router.scatter().sum()));
        }
        SafetensorsWriter.write(file, tensors, Map.of(KEY, JsonObjects.write(fields)));
    }

    private static TensorSource tensor(String name, double[][] rows) {
        int columns = rows[0].length;
        return ArrayBytes.source(
                name,
                Matrix.ofRows(columns, rows).toArray(DataType.DOUBLE, rows.length, columns),
                ElementCodec.exactFor(DataType.DOUBLE));
    }

    static TaskRouter read(Path file) throws IOException {
        RouterFile format = new RouterFile(file.toString());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            String text = reader.metadata().get(KEY);
            if (text == null) {
                throw new CorruptAdapterException(file + ": no \"" + KEY + "\" in the metadata, found "
                        + Problems.quoted(reader.metadata().keySet())
                        + "; expected a file that TaskRouter.save wrote. Choose that file.");
            }
            return format.router(JsonObjects.read(file + ", " + KEY, text), reader);
        }
    }

    private TaskRouter router(Map<String, Object> fields, SafetensorsReader reader) throws IOException {
        double version = json.number("version", fields.get("version"));
        throwIfAny();
        if (version != VERSION) {
            throw new UnsupportedAdapterVersionException(where + ": version " + fields.get("version")
                    + " of a task router; expected " + VERSION + ". Read it with the version of lora4j that wrote it.");
        }
        List<String> tasks = json.texts("tasks", fields.get("tasks"));
        double[] counts = json.row("prototypesOfTasks", fields.get("prototypesOfTasks"));
        OptionalDouble shrinkage = optional("shrinkage", fields);
        OptionalDouble threshold = optional("threshold", fields);
        long examples = whole("examples", json.number("examples", fields.get("examples")));
        long examplesFor = whole("examplesFor", json.number("examplesFor", fields.get("examplesFor")));
        check(tasks, counts, shrinkage, threshold);
        throwIfAny();
        double[][] means = tensor(MEANS, (long) Arrays.stream(counts).sum(), -1, reader);
        int dimension = means[0].length;
        double[][] sum = shrinkage.isPresent() ? tensor(SCATTER, dimension, dimension, reader) : new double[0][];
        Scatter scatter = new Scatter(sum, examples, examplesFor);
        if (shrinkage.isPresent()) {
            checkCovariance(scatter, shrinkage.getAsDouble());
        }
        throwIfAny();
        return new TaskRouter(shrinkage, prototypes(tasks, counts, means), scatter, threshold);
    }

    private OptionalDouble optional(String name, Map<String, Object> fields) {
        return fields.containsKey(name)
                ? OptionalDouble.of(json.number(name, fields.get(name)))
                : OptionalDouble.empty();
    }

    private long whole(String name, double value) {
        problems.check(value >= 0 && value == Math.rint(value), name + " = " + value + ", expected a whole number");
        return (long) value;
    }

    private void check(List<String> tasks, double[] counts, OptionalDouble shrinkage, OptionalDouble threshold) {
        problems.check(!tasks.isEmpty(), "no tasks, expected one or more");
        problems.check(new HashSet<>(tasks).size() == tasks.size(), "names of tasks repeat, expected distinct ones");
        problems.check(
                counts.length == tasks.size(),
                "prototypesOfTasks has " + counts.length + " numbers, expected one for each of the " + tasks.size()
                        + " tasks");
        for (double count : counts) {
            problems.check(
                    count >= 1 && count == Math.rint(count),
                    "prototypesOfTasks holds " + count + ", expected whole numbers from 1");
        }
        shrinkage.ifPresent(value -> problems.check(
                value > 0 && value <= 1, "shrinkage = " + value + ", expected a number above 0, at most 1"));
        threshold.ifPresent(value -> problems.finiteFromZero("threshold", value));
    }

    /** A matrix of F64 with that many rows, and columns unless there are -1; refused before anything is allocated. */
    private double[][] tensor(String name, long rows, long columns, SafetensorsReader reader) throws IOException {
        TensorEntry entry = reader.tensors().get(name);
        boolean fits = entry != null
                && entry.dtype() == DType.F64
                && entry.shape().length == 2
                && entry.shape()[0] == rows
                && (columns < 0 ? entry.shape()[1] > 0 : entry.shape()[1] == columns);
        problems.check(
                fits,
                "tensor \"" + name + "\" is "
                        + (entry == null ? "missing" : entry.dtype() + Arrays.toString(entry.shape()))
                        + ", expected F64[" + rows + ", " + (columns < 0 ? "features" : columns) + "]");
        throwIfAny();
        double[][] values = Matrix.of(
                        ArrayBytes.read(reader, entry, ElementCodec.exactFor(DataType.DOUBLE)), Math.toIntExact(rows))
                .copyOfRows();
        for (double[] row : values) {
            problems.check(
                    problems.isFull() || Arrays.stream(row).allMatch(Double::isFinite),
                    "tensor \"" + name + "\" has numbers that are not finite, expected finite ones");
        }
        throwIfAny();
        return values;
    }

    private void checkCovariance(Scatter scatter, double shrinkage) {
        double[][] sum = scatter.sum();
        boolean symmetric = true;
        for (int i = 0; i < sum.length; i++) {
            for (int j = 0; j < i; j++) {
                symmetric &= sum[i][j] == sum[j][i];
            }
        }
        problems.check(
                symmetric && scatter.whitening(shrinkage).exists(),
                "tensor \"" + SCATTER + "\" is no sum of squares (not symmetric, or not positive), expected one");
    }

    private static List<TaskRouter.Prototypes> prototypes(List<String> tasks, double[] counts, double[][] means) {
        List<TaskRouter.Prototypes> prototypes = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < counts.length; i++) {
            int to = from + (int) counts[i];
            prototypes.add(new TaskRouter.Prototypes(tasks.get(i), List.of(Arrays.copyOfRange(means, from, to))));
            from = to;
        }
        return prototypes;
    }

    private void throwIfAny() throws CorruptAdapterException {
        if (!problems.isEmpty()) {
            throw new CorruptAdapterException(
                    problems.message(where) + ". It is damaged or no task router: write it again with save().");
        }
    }
}
