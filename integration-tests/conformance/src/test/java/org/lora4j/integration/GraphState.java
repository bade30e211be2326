/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * All that makes a graph what it is, to be compared before and after.
 *
 * @param variables type and data type of every variable by name
 * @param hashes SHA-256 of the bytes and the shape of every constant and parameter by name
 * @param ops inputs and outputs of every op by name
 * @param losses the loss variables
 * @param trainingConfig the training configuration as JSON, or null
 */
public record GraphState(
        Map<String, String> variables,
        Map<String, String> hashes,
        Map<String, String> ops,
        List<String> losses,
        String trainingConfig) {

    // Other variables hold whatever the last session left in them.
    private static final Set<VariableType> LEAVES = EnumSet.of(VariableType.CONSTANT, VariableType.VARIABLE);

    /** Reads the state of a graph. */
    public static GraphState of(SameDiff graph) {
        Map<String, String> variables = new TreeMap<>();
        Map<String, String> hashes = new TreeMap<>();
        for (SDVariable v : graph.variables()) {
            variables.put(v.name(), v.getVariableType() + " " + v.dataType());
            if (LEAVES.contains(v.getVariableType())) {
                hashes.put(v.name(), sha256(v.getArr()) + Arrays.toString(v.getShape()));
            }
        }
        Map<String, String> ops = new TreeMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            ops.put(op.getName(), op.getOp().opName() + " of " + op.getInputsToOp() + " into " + op.getOutputsOfOp());
        }
        return new GraphState(
                variables,
                hashes,
                ops,
                new ArrayList<>(graph.getLossVariables()),
                graph.getTrainingConfig() == null
                        ? null
                        : graph.getTrainingConfig().toJson());
    }

    /** SHA-256 of the elements in row-major order, as bits. */
    private static String sha256(INDArray array) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(array.length()) * Long.BYTES);
        INDArray flat = array.dup('c');
        if (flat.dataType() == DataType.FLOAT) {
            for (float value : flat.data().asFloat()) {
                bytes.putInt(Float.floatToRawIntBits(value));
            }
        } else if (flat.dataType() == DataType.DOUBLE) {
            for (double value : flat.data().asDouble()) {
                bytes.putLong(Double.doubleToRawLongBits(value));
            }
        } else {
            for (long value : flat.data().asLong()) {
                bytes.putLong(value);
            }
        }
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes.flip());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
