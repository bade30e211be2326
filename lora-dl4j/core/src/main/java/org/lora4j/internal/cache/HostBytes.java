/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The memory of arrays that own theirs whole. */
final class HostBytes {

    private HostBytes() {}

    static long size(INDArray array) {
        return array.length() * array.dataType().width();
    }

    /** A copy that owns its memory, dense, in the order of the array. */
    static INDArray own(INDArray array) {
        return array.dup(array.ordering());
    }

    /** The bytes of an array that {@link #own} made. */
    static ByteBuffer toRead(INDArray owned) {
        Nd4j.getAffinityManager().ensureLocation(owned, Location.HOST);
        return bytes(owned);
    }

    /** The bytes of a new array, to be filled. */
    static ByteBuffer toWrite(INDArray owned) {
        Nd4j.getAffinityManager().tagLocation(owned, Location.HOST);
        return bytes(owned);
    }

    private static ByteBuffer bytes(INDArray owned) {
        long size = size(owned);
        if (size > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("prefix cache: an array has " + size + " bytes; expected at most "
                    + Integer.MAX_VALUE + ". Use smaller batches.");
        }
        ByteBuffer buffer = owned.data().pointer().asByteBuffer();
        return buffer.duplicate().order(ByteOrder.nativeOrder()).limit((int) size);
    }
}
