/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.inference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.JsonFields;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tensors of requests and answers, in JSON. */
final class Tensors {

    /** The protocol's word for texts. */
    static final String TEXTS = "BYTES";

    private static final Map<String, DataType> TYPES = Map.of(
            "BOOL", DataType.BOOL,
            "UINT8", DataType.UINT8,
            "INT8", DataType.INT8,
            "INT16", DataType.INT16,
            "INT32", DataType.INT32,
            "INT64", DataType.INT64,
            "FP32", DataType.FLOAT,
            "FP64", DataType.DOUBLE);

    private static final int MOST_AXES = 16;

    private Tensors() {}

    /**
     * A tensor of a request.
     *
     * @param name its name
     * @param type the protocol's word
     * @param shape its axes
     * @param data the elements in order, flattened
     */
    record Given(String name, String type, long[] shape, List<JsonNode> data) {

        static List<Given> all(JsonFields request) {
            JsonNode inputs = request.required("inputs", "a list of tensors");
            if (!inputs.isArray() || inputs.isEmpty()) {
                throw request.problem("inputs", "is no list of tensors; expected one or more");
            }
            List<Given> all = new ArrayList<>();
            for (JsonNode each : inputs) {
                if (!(each instanceof ObjectNode object)) {
                    throw request.problem("inputs", "has something that is no object; expected tensors");
                }
                Given given = of(JsonFields.of(object, Kind.BAD_REQUEST));
                if (all.stream().anyMatch(other -> other.name().equals(given.name()))) {
                    throw request.problem(
                            "inputs", "has " + MessageText.name(given.name()) + " twice; expected it once");
                }
                all.add(given);
            }
            return all;
        }

        private static Given of(JsonFields fields) {
            String name = fields.requiredText("name", "the name of a tensor");
            String type = fields.requiredText("datatype", "a type such as FP32");
            JsonNode shape = fields.required("shape", "a list of sizes");
            if (!shape.isArray() || shape.isEmpty() || shape.size() > MOST_AXES) {
                throw fields.problem("shape", "is no list of 1 to " + MOST_AXES + " sizes");
            }
            long[] sizes = new long[shape.size()];
            long elements = 1;
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = fields.integer("shape[" + i + "]", shape.get(i), 1, Integer.MAX_VALUE);
                elements = Math.min(Integer.MAX_VALUE, elements * sizes[i]);
            }
            List<JsonNode> data = new ArrayList<>();
            flatten(fields.required("data", "the elements"), data);
            if (data.size() != elements) {
                throw fields.problem(
                        "data",
                        "of " + MessageText.name(name) + " has " + data.size() + " elements; expected " + elements
                                + ", as the shape " + Arrays.toString(sizes) + " says");
            }
            return new Given(name, type, sizes, data);
        }

        private static void flatten(JsonNode node, List<JsonNode> into) {
            if (node.isArray()) {
                node.forEach(each -> flatten(each, into));
            } else {
                into.add(node);
            }
        }

        /** The elements as texts. */
        List<String> texts() {
            if (!type.equals(TEXTS)) {
                throw problem("is " + MessageText.name(type) + "; expected " + TEXTS + ", texts");
            }
            return data.stream()
                    .map(node -> {
                        if (!node.isTextual()) {
                            throw problem("holds " + MessageText.value(node) + "; expected texts alone");
                        }
                        return node.textValue();
                    })
                    .toList();
        }

        /** The elements as numbers. */
        INDArray array() {
            DataType dataType = Optional.ofNullable(TYPES.get(type))
                    .orElseThrow(() -> problem("is " + MessageText.name(type) + "; expected one of "
                            + MessageText.values(
                                    TYPES.keySet().stream().sorted().toList())));
            if (dataType == DataType.INT64) {
                long[] values = new long[data.size()];
                for (int i = 0; i < values.length; i++) {
                    JsonNode node = data.get(i);
                    if (!node.isNumber() || !node.canConvertToExactIntegral() || !node.canConvertToLong()) {
                        throw problem("holds " + MessageText.value(node) + "; expected whole numbers");
                    }
                    values[i] = node.longValue();
                }
                return Nd4j.createFromArray(values).reshape(shape);
            }
            double[] values = new double[data.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = number(data.get(i), dataType);
            }
            return Nd4j.createFromArray(values).castTo(dataType).reshape(shape);
        }

        private double number(JsonNode node, DataType dataType) {
            if (dataType == DataType.BOOL && node.isBoolean()) {
                return node.booleanValue() ? 1 : 0;
            }
            double value = node.isNumber() ? node.doubleValue() : Double.NaN;
            if (!Double.isFinite(value)
                    || dataType.isIntType() && !within(value, dataType)
                    || dataType == DataType.FLOAT && Float.isInfinite((float) value)) {
                throw problem("holds " + MessageText.value(node) + "; expected numbers of type " + type);
            }
            return value;
        }

        private static boolean within(double value, DataType type) {
            int bits = 8 * type.width();
            boolean unsigned = type == DataType.UINT8;
            double least = unsigned ? 0 : -Math.scalb(1.0, bits - 1);
            double most = Math.scalb(1.0, unsigned ? bits : bits - 1) - 1;
            return value == Math.rint(value) && value >= least && value <= most;
        }

        HttpProblem problem(String words) {
            return new HttpProblem(Kind.BAD_REQUEST, "input " + MessageText.name(name) + " " + words + ".");
        }
    }

    /** The protocol's word for a type; {@code FP32} for one that is taken as it is. */
    static String word(DataType type) {
        return TYPES.entrySet().stream()
                .filter(entry -> entry.getValue() == type)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("FP32");
    }

    /** What metadata say of a tensor. */
    static ObjectNode described(String name, String type, long... shape) {
        ObjectNode tensor =
                JsonNodeFactory.instance.objectNode().put("name", name).put("datatype", type);
        ArrayNode sizes = tensor.putArray("shape");
        for (long size : shape) {
            sizes.add(size);
        }
        return tensor;
    }

    /** A tensor of an answer. */
    static ObjectNode written(String name, INDArray array) {
        DataType type = array.dataType();
        boolean whole = type.isIntType() || type == DataType.BOOL;
        ObjectNode tensor = described(name, TYPES.containsValue(type) ? word(type) : "FP32", array.shape());
        INDArray flat = array.ravel();
        if (whole) {
            tensor.putPOJO("data", flat.castTo(DataType.INT64).toLongVector());
        } else if (type == DataType.DOUBLE) {
            tensor.putPOJO("data", flat.toDoubleVector());
        } else {
            tensor.putPOJO("data", flat.castTo(DataType.FLOAT).toFloatVector());
        }
        return tensor;
    }

    /** Texts of an answer. */
    static ObjectNode written(String name, List<String> texts) {
        ObjectNode tensor = described(name, TEXTS, texts.size());
        ArrayNode data = tensor.putArray("data");
        texts.forEach(data::add);
        return tensor;
    }

    /** Numbers of an answer, a row for each text. */
    static ObjectNode written(String name, double[] values, long... shape) {
        ObjectNode tensor = described(name, "FP64", shape);
        tensor.putPOJO("data", values);
        return tensor;
    }

    /** Vectors of an answer. */
    static ObjectNode written(String name, List<float[]> vectors, int width) {
        float[] all = new float[vectors.size() * width];
        for (int i = 0; i < vectors.size(); i++) {
            System.arraycopy(vectors.get(i), 0, all, i * width, width);
        }
        ObjectNode tensor = described(name, "FP32", vectors.size(), width);
        tensor.putPOJO("data", all);
        return tensor;
    }
}
