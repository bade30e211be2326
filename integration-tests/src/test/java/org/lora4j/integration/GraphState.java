/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * All that makes a graph what it is, to be compared before and after.
 *
 * @param variables type, data type and shape of every variable by name
 * @param hashes SHA-256 of the bytes of every array that the graph holds, by name
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

    /** Reads the state of a graph. */
    public static GraphState of(SameDiff graph) {
        Map<String, String> variables = new TreeMap<>();
        Map<String, String> hashes = new TreeMap<>();
        for (SDVariable v : graph.variables()) {
            variables.put(v.name(), v.getVariableType() + " " + v.dataType() + Arrays.toString(v.getShape()));
            INDArray array = v.isPlaceHolder() ? null : v.getArr();
            if (array != null) {
                hashes.put(v.name(), sha256(array));
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
