/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;
import org.lora4j.internal.format.zip.ZipBytes;
import org.lora4j.internal.format.zip.ZipDirectory;

/** Holds the tensors of a pickle against the storages of the file, and tells where their bytes are. */
final class StorageChecks {

    /** A tensor with the entry of the file that holds its elements. */
    record Placed(TensorEntry entry, TensorView view, ZipDirectory.Entry storage) {}

    /** What has to be put together in memory must fit an array, with room to spare. */
    private static final long MOST_ASSEMBLED = 1L << 30;

    /** Tensors may share a storage, so together they may be larger than the file; this much larger and no more. */
    private static final int MOST_SHARING = 20;

    private static final long FREE = 1L << 20;

    private final ZipBytes file;
    private final Map<String, ZipDirectory.Entry> zip;
    private final String root;
    private final boolean bigEndian;
    private final Problems problems = new Problems();
    private long total;

    StorageChecks(ZipBytes file, Map<String, ZipDirectory.Entry> zip, String root, boolean bigEndian) {
        this.file = file;
        this.zip = zip;
        this.root = root;
        this.bigEndian = bigEndian;
    }

    Map<String, Placed> check(Map<String, PickleValue.Tensor> tensors) throws IOException {
        Map<String, Placed> placed = new LinkedHashMap<>();
        for (Map.Entry<String, PickleValue.Tensor> tensor : tensors.entrySet()) {
            place(tensor.getKey(), tensor.getValue(), placed);
        }
        if (!problems.isEmpty()) {
            throw new CorruptAdapterException(
                    problems.message(file.name()) + ". The file is damaged or was not made by torch.save.");
        }
        return placed;
    }

    private void place(String name, PickleValue.Tensor tensor, Map<String, Placed> placed) throws IOException {
        String where = "tensor " + TensorEntry.worded(name) + " " + tensor.dtype() + TensorEntry.worded(tensor.shape());
        ZipDirectory.Entry storage = storage(where, tensor.storage());
        if (storage == null || !isSound(where, tensor)) {
            return;
        }
        TensorView view = new TensorView(tensor);
        try {
            long bytes = tensor.dtype().byteCount(tensor.shape());
            long span = view.span();
            if (bytes > 0 && Math.addExact(view.begin(), span) > storage.size()) {
                problems.add(where + " at " + tensor.offset() + " with strides " + TensorEntry.worded(tensor.strides())
                        + " exceeds its storage, expected within " + storage.size() + " bytes");
                return;
            }
            if (bytes > storage.size()) {
                problems.add(
                        where + " repeats elements of its storage, expected at most its " + storage.size() + " bytes");
                return;
            }
            boolean asIs = !storage.deflated() && view.isContiguous() && (!bigEndian || view.elementBytes() == 1);
            account(where, asIs ? bytes : Math.max(bytes, span), asIs);
            long start = file.start(storage) + (bytes == 0 ? 0 : view.begin());
            long position = asIs ? start : TensorEntry.NOT_IN_ONE_PIECE;
            TensorEntry entry = new TensorEntry(name, tensor.dtype(), tensor.shape(), position, bytes);
            placed.put(name, new Placed(entry, view, storage));
        } catch (ArithmeticException e) {
            problems.add(where + " has an impossible size (" + e.getMessage() + ")");
        }
    }

    private ZipDirectory.Entry storage(String where, PickleValue.Storage storage) {
        String key = root + "data/" + storage.key();
        ZipDirectory.Entry entry = zip.get(key);
        if (entry == null) {
            problems.add(where + " is of storage " + TensorEntry.worded(storage.key()) + ", expected an entry "
                    + TensorEntry.worded(key));
            return null;
        }
        int width = storage.dtype().bits() / Byte.SIZE;
        if (entry.size() % width != 0 || entry.size() / width != storage.elements()) {
            problems.add(where + " is of a storage of " + storage.elements() + " elements " + storage.dtype()
                    + ", expected its " + entry.size() + " bytes");
            return null;
        }
        return entry;
    }

    private boolean isSound(String where, PickleValue.Tensor tensor) {
        boolean sound = tensor.shape().length == tensor.strides().length && tensor.offset() >= 0;
        for (int i = 0; sound && i < tensor.shape().length; i++) {
            sound = tensor.shape()[i] >= 0 && tensor.strides()[i] >= 0;
        }
        problems.check(
                sound,
                where + " has offset " + tensor.offset() + " and strides " + TensorEntry.worded(tensor.strides())
                        + ", expected a stride for each dimension and nothing negative");
        return sound;
    }

    private void account(String where, long bytes, boolean asIs) {
        problems.check(
                asIs || bytes <= MOST_ASSEMBLED,
                where + " takes " + bytes + " bytes to put together, because it is compressed, strided or big endian,"
                        + " expected at most " + MOST_ASSEMBLED + " (save it contiguous)");
        boolean fitted = total <= limit();
        total = Math.addExact(total, bytes);
        problems.check(
                !fitted || total <= limit(),
                where + " makes the tensors together larger than " + MOST_SHARING + " times the file's " + file.length()
                        + " bytes, expected tensors that share or repeat less");
    }

    private long limit() {
        return FREE + MOST_SHARING * file.length();
    }
}
