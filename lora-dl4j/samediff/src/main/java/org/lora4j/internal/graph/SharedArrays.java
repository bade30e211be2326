/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.nd4j.autodiff.samediff.ArrayHolder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The arrays of the leaves of a graph, each held as it was given. The stock holder keeps a copy of every array beside it for
 * devices that may ask later, so that a graph over weights of another graph takes the memory of the weights once more.
 *
 * <p><i>Threads.</i> Safe for reading and for changes of different names.
 *
 * @apiNote Status: internal
 */
public final class SharedArrays implements ArrayHolder {

    private final Map<String, INDArray> arrays = new ConcurrentHashMap<>();

    private SharedArrays() {}

    /**
     * An empty graph whose leaves will hold the very arrays that they are given, views excepted.
     *
     * @return a new graph; on a machine with several devices one that copies arrays for each of them, as stock graphs do
     */
    public static SameDiff newGraph() {
        SameDiff graph = SameDiff.create();
        if (Nd4j.getAffinityManager().getNumberOfDevices() == 1) {
            graph.setArrayHolders(new SharedArrays(), new SharedArrays(), false);
        }
        return graph;
    }

    @Override
    public boolean hasArray(String name) {
        return arrays.containsKey(name);
    }

    @Override
    public INDArray getArray(String name) {
        return arrays.get(name);
    }

    /**
     * Holds an array. As in stock graphs, values go into the array that is there, if it is of the same shape and order, so
     * that every graph over it sees them; and views are copied.
     */
    @Override
    public void setArray(String name, INDArray array) {
        INDArray held = arrays.get(name);
        if (held == array) {
            return;
        }
        if (held != null && Arrays.equals(held.shapeInfoJava(), array.shapeInfoJava())) {
            held.assign(array);
        } else {
            arrays.put(name, array.isView() ? array.dup() : array);
        }
    }

    @Override
    public INDArray removeArray(String name) {
        return arrays.remove(name);
    }

    @Override
    public int size() {
        return arrays.size();
    }

    @Override
    public void initFrom(ArrayHolder other) {
        arrays.clear();
        other.arrayNames().forEach(name -> setArray(name, other.getArray(name)));
    }

    @Override
    public Collection<String> arrayNames() {
        return Collections.unmodifiableCollection(arrays.keySet());
    }

    @Override
    public void rename(String from, String to) {
        arrays.put(to, arrays.remove(from));
    }
}
