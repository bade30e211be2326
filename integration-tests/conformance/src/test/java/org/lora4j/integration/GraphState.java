/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * All that makes a graph what it is, to be compared before and after.
 *
 * @param variables type and data type of every variable by name
 * @param hashes checksums of the bytes and the shape of every constant and parameter by name
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
                hashes.put(v.name(), checks(v.getArr()) + Arrays.toString(v.getShape()));
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

    /** Two checks of the bytes of the elements in row-major order: the JDK computes them as fast as it reads, SHA-256 not. */
    private static String checks(INDArray array) {
        ByteBuffer bytes = array.dup('c').data().asNio();
        String checks = "";
        for (Checksum checksum : List.of(new CRC32(), new CRC32C())) {
            checksum.update(bytes.duplicate());
            checks += Long.toHexString(checksum.getValue()) + " ";
        }
        return checks;
    }
}
