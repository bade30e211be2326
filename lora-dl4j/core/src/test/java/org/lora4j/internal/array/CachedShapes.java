/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.api.shape.options.ArrayOptionsHelper;
import org.nd4j.linalg.cpu.nativecpu.DirectShapeInfoProvider;

/**
 * Descriptions of shapes in JVMs of tests, each made once. ND4J M2.1 has a cache of them, but looks past it for new arrays and
 * makes a native description for each, which takes up to a third of the time of tests with small arrays. ND4J finds this class by
 * the system property {@code shapeinfoprovider}.
 */
public final class CachedShapes extends DirectShapeInfoProvider {

    private final Map<LongShapeDescriptor, Pair<DataBuffer, long[]>> ofNewArrays = new ConcurrentHashMap<>();
    private final Map<LongShapeDescriptor, Pair<DataBuffer, long[]>> ofViews = new ConcurrentHashMap<>();

    /** For ND4J. */
    public CachedShapes() {}

    @Override
    public Pair<DataBuffer, long[]> createShapeInformation(
            long[] shape, long[] stride, long elementWiseStride, char order, DataType dataType, boolean empty) {
        long extras = ArrayOptionsHelper.setOptionBit(empty ? ArrayOptionsHelper.ATYPE_EMPTY_BIT : 0, dataType);
        return ofNewArrays.computeIfAbsent(
                new LongShapeDescriptor(shape, stride, 0, elementWiseStride, order, extras),
                key -> super.createShapeInformation(shape, stride, elementWiseStride, order, dataType, empty));
    }

    @Override
    public Pair<DataBuffer, long[]> createShapeInformation(
            long[] shape, long[] stride, long elementWiseStride, char order, long extras) {
        return ofViews.computeIfAbsent(
                new LongShapeDescriptor(shape, stride, 0, elementWiseStride, order, extras),
                key -> super.createShapeInformation(shape, stride, elementWiseStride, order, extras));
    }
}
