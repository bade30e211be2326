/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;

/** Holds the entries of a header against each other and against the length of the file. */
final class HeaderChecks {

    private final long dataStart;
    private final long dataLength;
    private final Problems problems = new Problems();

    private HeaderChecks(long dataStart, long dataLength) {
        this.dataStart = dataStart;
        this.dataLength = dataLength;
    }

    /** The entries in the order of the file, or one exception that names everything wrong with them. */
    static Map<String, TensorEntry> check(String file, List<HeaderParser.RawEntry> raw, long dataStart, long dataLength)
            throws CorruptAdapterException {
        HeaderChecks checks = new HeaderChecks(dataStart, dataLength);
        List<HeaderParser.RawEntry> sorted = new ArrayList<>(raw);
        sorted.sort(
                Comparator.comparingLong(HeaderParser.RawEntry::begin).thenComparingLong(HeaderParser.RawEntry::end));
        Map<String, TensorEntry> entries = new LinkedHashMap<>();
        sorted.forEach(entry -> checks.checkOne(entry).ifPresent(good -> entries.put(good.name(), good)));
        checks.checkLayout(sorted);
        if (!checks.problems.isEmpty()) {
            throw new CorruptAdapterException(checks.problems.message(file) + ". The file is damaged; get it again.");
        }
        return entries;
    }

    private Optional<TensorEntry> checkOne(HeaderParser.RawEntry entry) {
        String where = "tensor " + TensorEntry.worded(entry.name());
        Optional<DType> dtype = DType.ofName(entry.dtype());
        if (dtype.isEmpty()) {
            problems.add(
                    where + " has dtype \"" + entry.dtype() + "\", expected one of " + Arrays.toString(DType.values()));
        }
        boolean shapeIsSound = Arrays.stream(entry.shape()).allMatch(dimension -> dimension >= 0);
        problems.check(
                shapeIsSound,
                where + " has shape " + TensorEntry.worded(entry.shape()) + ", expected no negative dimension");
        if (dtype.isEmpty() || !shapeIsSound || entry.begin() < 0 || entry.end() < entry.begin()) {
            return Optional.empty();
        }
        long length = entry.end() - entry.begin();
        String found = where + " " + dtype.get() + TensorEntry.worded(entry.shape());
        try {
            long expected = dtype.get().byteCount(entry.shape());
            problems.check(expected == length, found + " occupies " + length + " bytes, expected " + expected);
        } catch (ArithmeticException e) {
            problems.add(found + " has an impossible size (" + e.getMessage() + ")");
        }
        long position = entry.begin() <= dataLength ? dataStart + entry.begin() : dataStart;
        return Optional.of(new TensorEntry(entry.name(), dtype.get(), entry.shape(), position, length));
    }

    private void checkLayout(List<HeaderParser.RawEntry> sorted) {
        long expected = 0;
        for (HeaderParser.RawEntry entry : sorted) {
            String where = "tensor " + TensorEntry.worded(entry.name()) + " lies at [" + entry.begin() + ", "
                    + entry.end() + ")";
            if (entry.begin() < 0 || entry.end() < entry.begin() || entry.end() > dataLength) {
                problems.add(where + ", expected within the " + dataLength + " bytes of data");
                return;
            }
            if (entry.begin() != expected) {
                String what = entry.begin() < expected ? " and overlaps the tensor before it" : " and leaves a hole";
                problems.add(where + what + ", expected it to begin at " + expected);
                return;
            }
            expected = entry.end();
        }
        problems.check(
                expected == dataLength,
                "the tensors end at byte " + expected + " of the data, which has " + dataLength
                        + " bytes, expected nothing after the last tensor");
    }
}
