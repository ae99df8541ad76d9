package io.github.promferry.parse;

import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a target's last pages in their order, and the lap over the next page.
 *
 * <p>The order hardly changes from page to page, so the line that comes next is predicted: {@link #expected}. While
 * predictions hold, a lap only counts up {@link #next}; nothing is written. A line that is not the expected one is {@link
 * #take taken}: its place is looked for a few lines ahead; if it is not there, the line is noted as an insertion at this
 * place of the old order. Lines of the old order that were passed over are noted as ranges. When the page has been read to
 * its end, {@link #commit} makes the new order from the old one and those notes, and knows what is new and what has
 * vanished from the notes alone. If the page fails, {@link #abort} takes what came before the failure for seen, ends the
 * other series, and forgets no line, so that the next good page is as fast as ever.
 *
 * <p>Where the series of a taken line might already be known to this target (moved far, or a duplicate), an index from
 * series to places is built, once for a lap at most. So a page costs a time linear in its lines, in whatever order a
 * hostile target sends them. After two neighbors of the old order have come one after the other, the lap jumps to their
 * place.
 */
final class PageOrder {
    /** Mark of a line that has a timestamp of its own: no stale rows. */
    static final int STAMPED = 1;
    /** Mark of a line whose series stood further above already. */
    private static final int DUPLICATE = 2;
    /** Mark during a lap only: the line has come earlier on this page than its place here. */
    private static final int MOVED = 4;
    /**
     * Mark of a line that is known but not alive: the last page failed and did not have it up to its failure, or its sample
     * was not taken.
     */
    static final int ENDED = 8;
    /**
     * Mark of a line that no sample was ever taken of, for as long as it is remembered: each was one that no receiver takes,
     * or the limit on series had no room.
     */
    private static final int REFUSED = 16;
    /** Marks of a line whose value is a native histogram, of integers or floats: so are its stale rows. */
    static final int HISTOGRAM = 32;

    static final int FLOAT_HISTOGRAM = 64;
    /** Beside one of them: it has custom buckets. */
    static final int CUSTOM_BUCKETS = 128;

    /** So many lines may failed pages add to twice those of the last good one. Prometheus' bound of its scrape cache. */
    private static final int FAILED_LINES = 1000;

    /** States in the index; a state from 0 on is a place in the order that the lap has not skipped. */
    private static final int SEEN = -1;

    private static final int PASSED_OVER = -2;
    static final int UNKNOWN = -3;
    private static final int REFUSED_PASSED_OVER = -4;

    /** Vanished series come in ones and twos; whole families are found by the index. */
    private static final int LOOK_AHEAD = 8;

    /** Up to so many are compared one by one rather than through the index. */
    private static final int FEW = 16;

    private static final int NOT_CUT = -1;
    /** A place that is none. */
    private static final int NOWHERE = -1;

    private static final int[] NO_INTS = {};
    private static final byte[] NO_BYTES = {};
    private static final Entry[] NO_ENTRIES = {};

    private final SeriesDictionary dictionary;
    private final boolean trackStamped;
    private final int seriesLimit;

    /** {@link Entry#END} behind the last. */
    private Entry[] order = {Entry.END};

    private int size;
    /** Lines of the last good page. */
    private int goodSize;
    /** For each line; null while no line has any. */
    private byte @Nullable [] marks;
    /** Whether the series of the order are alive, that is, no stale rows have been given for them. */
    private boolean live;
    /** If series are limited, how many take up room: those of the order, then also those that the lap has let in. */
    private int admitted;

    private int next;

    private Entry[] taken = NO_ENTRIES;
    private int[] takenAt = NO_INTS;
    private byte[] takenMarks = NO_BYTES;
    private int takenCount;
    /** Of those taken, how many could have been known to this target. */
    private int takenKnown;

    private int[] skips = NO_INTS;
    private int skipCount;

    private int[] changedSlots = NO_INTS;
    private byte[] changedMarks = NO_BYTES;
    private int changedCount;

    /** How far the lap had come when the page broke a limit: nothing from there on counts, should the page fail. */
    private int cutNext;

    private int cutTaken;

    /** Place of the line dealt with last; of a taken one the complement of its number. */
    private int lastPlace;
    /** Where the last taken line stands in the old order, if further ahead than the lap looks. */
    private int lastFar;

    /** Whether no sample of the series of the line dealt with last was taken before: it is not known or was refused. */
    private boolean isNew;

    private boolean moved;
    private @Nullable PlaceIndex index;
    private int newSeries;
    /** Whether the page has broken a limit other than that of its samples: what follows counts, but not as new. */
    private boolean breached;

    private final LastStamps lastStamps;
    private final VanishedSeries vanished;
    /**
     * Series that the page has but that do not live on, since no sample of theirs was taken or staleness does not apply to
     * those that were. Null while there are none.
     */
    private @Nullable Map<Entry, Ending> ending;

    /**
     * Where such a series stands.
     *
     * @param first its first line on the page, as {@link #lastPlace} has it
     * @param expected the place in the old order where a line of it was expected and came; negative if there is none
     * @param isNew whether no sample of it was taken, on this page either
     */
    private record Ending(int first, int expected, boolean isNew) {}

    PageOrder(SeriesDictionary dictionary, ParseOptions options, LastStamps lastStamps) {
        this.dictionary = dictionary;
        this.lastStamps = lastStamps;
        vanished = new VanishedSeries(lastStamps);
        trackStamped = options.trackTimestampsStaleness();
        seriesLimit = options.seriesLimit() == 0 ? Integer.MAX_VALUE : options.seriesLimit();
    }

    // ---- what the hot loop reads; it takes them to locals and gives the place back

    Entry[] order() {
        return order;
    }

    /** Whether every expected line is an ordinary one, so that {@link #advanceTo} may stand for {@link #hit}. */
    boolean isPlain() {
        return marks == null;
    }

    int next() {
        return next;
    }

    /** The lines up to here were as expected. */
    void advanceTo(int place) {
        next = place;
    }

    Entry expected() {
        return order[next];
    }

    // ---- the lap

    void begin() {
        next = 0;
        lastFar = -2;
        newSeries = 0;
        breached = false;
        cutNext = NOT_CUT;
        vanished.forget();
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** The page to come has about so many lines, all of them new. */
    void expect(int lines) {
        makeRoom(Math.max(taken.length, lines));
    }

    int lines() {
        return next + takenCount;
    }

    int newSeries() {
        return newSeries;
    }

    /**
     * The line is the expected one.
     *
     * @return whether its series has not been on this page yet
     */
    boolean hit() {
        boolean first = isFirstAt(next);
        lastPlace = next++;
        return first;
    }

    /**
     * The line is not the expected one.
     *
     * @param entry what it is, with a reference that passes to this object
     * @return whether its series has not been on this page yet
     */
    boolean take(Entry entry) {
        if (entry.isOnlyMine()) {
            insert(entry);
            isNew = true;
            return true;
        }
        int near = near(entry.canonical);
        return near >= 0 ? catchUp(entry, near) : takeFar(entry);
    }

    /**
     * Notes what the line dealt with last is, which is a series.
     *
     * @param traits marks that it has: {@link #STAMPED}, {@link #ENDED}, and those of {@link #traits}
     * @param first whether its series has not been on this page yet
     * @return whether its series is let in: those that were let in before stay, the others fill up what room there is
     */
    boolean note(int traits, boolean first) {
        boolean letIn = admitted < seriesLimit || !(first ? isNew : isStillNew());
        boolean begins = first && isNew && letIn && (traits & ENDED) == 0;
        if (begins) {
            beginSeries();
        }
        int wanted = traits | (first ? 0 : DUPLICATE) | (first && isNew && !begins ? REFUSED : 0);
        if (first ? endsWith(wanted) : lastPlace >= 0 && ending != null) {
            noteEnding(first);
        }
        if (lastPlace < 0) {
            takenMarks[~lastPlace] = (byte) wanted;
        } else if ((marksAt(lastPlace) & ~MOVED) != wanted) {
            change(lastPlace, wanted);
        }
        return letIn;
    }

    /** Whether the series of the line dealt with last may have been alive, or come to be, and with these marks is not. */
    private boolean endsWith(int wanted) {
        if (mayGoStale(wanted)) {
            return false;
        }
        // What repeated another line on the page before tells nothing of that one.
        boolean wasAlive = lastPlace < 0
                ? !isNew
                : live && ((marksAt(lastPlace) & DUPLICATE) != 0 || mayGoStale(marksAt(lastPlace)));
        return wasAlive || ((trackStamped || isNew) && (wanted & ENDED) != 0);
    }

    /** Whether the lines before, of the series of the line dealt with last, were not its first sample either. */
    private boolean isStillNew() {
        Ending end = ending == null ? null : ending.get(lastEntry().canonical);
        return end != null && end.isNew;
    }

    /** A first sample is taken. */
    private void beginSeries() {
        admitted++;
        newSeries += cutNext == NOT_CUT && !breached ? 1 : 0;
    }

    private void noteEnding(boolean first) {
        Map<Entry, Ending> all = ending == null ? new HashMap<>() : ending;
        ending = all;
        if (first) {
            all.put(lastEntry().canonical, new Ending(lastPlace, lastPlace, isNew));
        } else if (mayGoStale(marksAt(lastPlace))) {
            // It has moved up, and here is where it stood.
            all.computeIfPresent(
                    lastEntry().canonical, (series, moved) -> new Ending(moved.first, lastPlace, moved.isNew));
        }
    }

    private Entry lastEntry() {
        return lastPlace < 0 ? taken[~lastPlace] : order[lastPlace];
    }

    /**
     * The line dealt with last is not the first of its series, but a sample of which is taken.
     *
     * @param traits as for {@link #note}
     */
    void takeAfterAll(int traits) {
        Entry series = lastEntry().canonical;
        Map<Entry, Ending> all = ending;
        Ending end = all == null ? null : all.get(series);
        if (all == null || end == null) {
            return;
        }
        if (end.isNew) {
            beginSeries();
        }
        if (mayGoStale(traits)) {
            all.remove(series);
        } else {
            all.put(series, new Ending(end.first, end.expected, false));
        }
        if (end.first < 0) {
            takenMarks[~end.first] = (byte) traits;
        } else {
            change(end.first, traits);
        }
    }

    /** The marks of a line with such a value. */
    static int traits(NativeHistogram histogram) {
        return (histogram.isFloat() ? FLOAT_HISTOGRAM : HISTOGRAM)
                | (histogram.schema() == NativeHistogram.CUSTOM_BUCKETS ? CUSTOM_BUCKETS : 0);
    }

    /** Series that follow are not counted as new. */
    void breach() {
        breached = true;
    }

    /** The line dealt with last is over a limit, and so is what follows. */
    void cut() {
        if (cutNext == NOT_CUT) {
            boolean inOrder = lastPlace >= 0;
            cutNext = inOrder ? lastPlace : next;
            cutTaken = inOrder ? takenCount : ~lastPlace;
        }
    }

    /** Of the expected lines read last so many series are over a limit, and so is what follows. */
    void cutExpected(int series) {
        if (cutNext == NOT_CUT) {
            int place = next;
            for (int over = series; over > 0; ) {
                over -= order[--place].isKept() ? 1 : 0;
            }
            cutNext = place;
            cutTaken = takenCount;
        }
    }

    /** The page was good: it becomes the remembered one. */
    void commit() {
        if (live) {
            collectVanished();
        }
        if (takenCount > 0 || skipCount > 0 || next < size) {
            rebuild(false);
            dictionary.sweepIfWorthwhile();
        } else {
            applyChanges();
            clearMoved();
        }
        live = true;
        goodSize = size;
        countAdmitted();
        endLap();
    }

    /**
     * The page was bad. As in Prometheus, series that came before the failure live on, or begin to, although their samples
     * are thrown away, and the others have vanished.
     */
    void abort() {
        rewindToCut();
        tellSampled();
        if (live) {
            collectVanished();
        }
        if (next == 0 && takenCount == 0) {
            clearMoved();
            live = false;
        } else {
            rebuild(size + takenCount <= 2 * goodSize + FAILED_LINES);
            dictionary.sweepIfWorthwhile();
            live = true;
        }
        countAdmitted();
        endLap();
    }

    private void countAdmitted() {
        admitted = 0;
        for (int place = 0; seriesLimit < Integer.MAX_VALUE && place < size; place++) {
            admitted += order[place].isKept() && (marksAt(place) & (DUPLICATE | REFUSED)) == 0 ? 1 : 0;
        }
    }

    private void rewindToCut() {
        if (cutNext == NOT_CUT) {
            return;
        }
        next = cutNext;
        while (takenCount > cutTaken) {
            taken[--takenCount].release(dictionary);
            taken[takenCount] = null;
        }
        while (skipCount > 0 && skips[2 * skipCount - 1] > next) {
            skipCount--;
        }
        int kept = 0;
        for (int i = 0; i < changedCount; i++) {
            if (changedSlots[i] < next) {
                changedSlots[kept] = changedSlots[i];
                changedMarks[kept++] = changedMarks[i];
            }
        }
        changedCount = kept;
        if (ending != null) {
            ending.values().removeIf(end -> end.first < 0 ? ~end.first >= takenCount : end.first >= next);
            // Where it once stood is behind the cut now, and is collected with what follows there.
            ending.replaceAll((series, end) -> end.expected < next ? end : new Ending(end.first, NOWHERE, end.isNew));
        }
        index = index == null ? null : buildIndex();
    }

    // ---- between laps

    void addVanished(long timestampMillis, SampleBatch into) {
        vanished.addRows(timestampMillis, into);
    }

    void addAllStale(long timestampMillis, SampleBatch into) {
        for (int place = 0; live && place < size; place++) {
            Series series = order[place].series;
            if (series != null && mayGoStale(marksAt(place))) {
                vanished.addRow(series, marksAt(place), timestampMillis, into);
            }
        }
        live = false;
        vanished.forget();
    }

    void forget() {
        for (int place = 0; place < size; place++) {
            order[place].release(dictionary);
        }
        order = new Entry[] {Entry.END};
        size = 0;
        goodSize = 0;
        admitted = 0;
        marks = null;
        live = false;
        vanished.forget();
        dictionary.sweepIfWorthwhile();
    }

    /** Of a target that has timestamps: which series had their last samples without. */
    void tellSampled() {
        if (!lastStamps.needsOrder()) {
            return;
        }
        for (int place = 0; place < size; place++) {
            Series series = order[place].series;
            if (series != null && (marksAt(place) & (STAMPED | DUPLICATE | REFUSED)) == 0) {
                lastStamps.putSampled(series);
            }
        }
    }

    /** Shows all lines to an onlooker; of no use unless the last page was good. */
    void addTo(PageStructure structure) {
        for (int place = 0; place < size; place++) {
            int mark = marksAt(place);
            structure.add(order[place], (mark & DUPLICATE) != 0, (mark & STAMPED) != 0);
        }
    }

    // ---- insides

    private int marksAt(int place) {
        return marks == null ? 0 : marks[place] & 0xFF;
    }

    private boolean wasRefusedAt(int place) {
        return (marksAt(place) & REFUSED) != 0;
    }

    /** Whether no sample of a series in that state of the index was taken before. */
    private boolean isNew(int state) {
        return state >= 0 ? wasRefusedAt(state) : state == UNKNOWN || state == REFUSED_PASSED_OVER;
    }

    private boolean isFirstAt(int place) {
        isNew = wasRefusedAt(place);
        int mark = marksAt(place) & (DUPLICATE | MOVED);
        if (mark == 0) {
            return true;
        }
        if ((mark & MOVED) != 0 || (takenCount == 0 && skipCount == 0)) {
            return false;
        }
        // A duplicate of a line that may have been passed over on this page.
        PlaceIndex places = index();
        Entry series = order[place].canonical;
        int state = places.get(series);
        if (isSeen(state)) {
            return false;
        }
        isNew = isNew(state);
        places.put(series, SEEN);
        return true;
    }

    private boolean isSeen(int state) {
        return state == SEEN || (state >= 0 && state < next);
    }

    private int near(Entry canonical) {
        int limit = Math.min(next + LOOK_AHEAD, size);
        for (int place = next; place < limit; place++) {
            if (order[place].canonical == canonical) {
                return place;
            }
        }
        return -1;
    }

    /** Goes on behind a place ahead where the series of the line stands, in the same spelling or another. */
    private boolean catchUp(Entry entry, int place) {
        boolean first = isFirstAt(place);
        if (order[place] == entry) {
            skipTo(place);
            next = place + 1;
            lastPlace = place;
            entry.release(dictionary);
        } else {
            skipTo(place + 1);
            next = place + 1;
            insert(entry);
            takenKnown++;
        }
        return first;
    }

    private boolean takeFar(Entry entry) {
        PlaceIndex places = index();
        int state = places.get(entry.canonical);
        if (state >= next) {
            boolean inStep = state == lastFar + 1;
            lastFar = state;
            if (inStep) {
                return catchUp(entry, state);
            }
            markMoved(state);
        }
        isNew = isNew(state);
        boolean first = state >= next || !isSeen(state);
        insert(entry);
        takenKnown++;
        return first;
    }

    private void markMoved(int place) {
        byte[] all = marks;
        if (all == null) {
            all = new byte[size];
            marks = all;
        }
        all[place] |= MOVED;
        moved = true;
    }

    private void makeRoom(int capacity) {
        taken = Arrays.copyOf(taken, capacity);
        takenAt = Arrays.copyOf(takenAt, capacity);
        takenMarks = Arrays.copyOf(takenMarks, capacity);
    }

    private void insert(Entry entry) {
        if (takenCount == taken.length) {
            makeRoom(Math.max(16, takenCount * 2));
        }
        taken[takenCount] = entry;
        takenAt[takenCount] = next;
        takenMarks[takenCount] = 0;
        lastPlace = ~takenCount++;
        if (index != null) {
            index.put(entry.canonical, SEEN);
        }
    }

    /** Passes over the lines of the old order from {@link #next} on. */
    private void skipTo(int place) {
        if (place == next) {
            return;
        }
        if (2 * skipCount == skips.length) {
            skips = Arrays.copyOf(skips, Math.max(16, skips.length * 2));
        }
        skips[2 * skipCount] = next;
        skips[2 * skipCount + 1] = place;
        skipCount++;
        PlaceIndex places = index;
        for (int i = next; places != null && i < place; i++) {
            passOver(places, i);
        }
    }

    private void passOver(PlaceIndex places, int place) {
        Entry series = order[place].canonical;
        if (places.get(series) == place) {
            places.put(series, wasRefusedAt(place) ? REFUSED_PASSED_OVER : PASSED_OVER);
        }
    }

    private PlaceIndex index() {
        PlaceIndex places = index;
        if (places == null) {
            places = buildIndex();
            index = places;
        }
        return places;
    }

    private PlaceIndex buildIndex() {
        PlaceIndex places = new PlaceIndex(size + takenCount);
        for (int place = size - 1; place >= 0; place--) {
            // From the end, so that the first place of a series that stands there twice wins.
            places.put(order[place].canonical, place);
        }
        for (int skip = 0; skip < skipCount; skip++) {
            for (int place = skips[2 * skip]; place < skips[2 * skip + 1]; place++) {
                passOver(places, place);
            }
        }
        seeDuplicates(places);
        for (int i = 0; i < takenCount; i++) {
            places.put(taken[i].canonical, SEEN);
        }
        return places;
    }

    /** Duplicates that were read although the line that they repeat was passed over. */
    private void seeDuplicates(PlaceIndex places) {
        int from = 0;
        for (int skip = 0; skip < skipCount; skip++) {
            seeDuplicates(places, from, skips[2 * skip]);
            from = skips[2 * skip + 1];
        }
        seeDuplicates(places, from, next);
    }

    private void seeDuplicates(PlaceIndex places, int from, int to) {
        for (int place = from; marks != null && place < to; place++) {
            Entry series = order[place].canonical;
            if ((marksAt(place) & DUPLICATE) != 0 && !isSeen(places.get(series))) {
                places.put(series, SEEN);
            }
        }
    }

    private void change(int place, int wanted) {
        if (changedCount == changedSlots.length) {
            int capacity = Math.max(16, changedCount * 2);
            changedSlots = Arrays.copyOf(changedSlots, capacity);
            changedMarks = Arrays.copyOf(changedMarks, capacity);
        }
        changedSlots[changedCount] = place;
        changedMarks[changedCount++] = (byte) wanted;
    }

    /** Whether the series of a line with these marks lives on when the page is read. */
    private boolean mayGoStale(int mark) {
        return (mark & (DUPLICATE | ENDED | REFUSED)) == 0 && (trackStamped || (mark & STAMPED) == 0);
    }

    private void collectVanished() {
        for (int skip = 0; skip < skipCount; skip++) {
            collectVanished(skips[2 * skip], skips[2 * skip + 1]);
        }
        collectVanished(next, size);
        if (ending != null) {
            ending.values().forEach(end -> collectEnded(end.expected));
        }
    }

    /** A line that came where it was expected; of one that came elsewhere the old place was passed over. */
    private void collectEnded(int place) {
        Series series = place < 0 ? null : order[place].series;
        if (series != null && mayGoStale(marksAt(place))) {
            vanished.add(series, marksAt(place));
        }
    }

    private boolean isEnding(Entry canonical) {
        return ending != null && ending.containsKey(canonical);
    }

    private void collectVanished(int from, int to) {
        for (int place = from; place < to; place++) {
            Series series = order[place].series;
            Entry canonical = order[place].canonical;
            if (series != null && mayGoStale(marksAt(place)) && (isEnding(canonical) || !isOnPage(canonical))) {
                vanished.add(series, marksAt(place));
            }
        }
    }

    private boolean isOnPage(Entry canonical) {
        if (index == null) {
            if (takenKnown == 0) {
                return false;
            }
            if (takenCount <= FEW) {
                return isAmongTaken(canonical);
            }
        }
        return isSeen(index().get(canonical));
    }

    private boolean isAmongTaken(Entry canonical) {
        for (int i = 0; i < takenCount; i++) {
            if (taken[i].canonical == canonical) {
                return true;
            }
        }
        return false;
    }

    /**
     * Writes the new order: old lines with those taken at their places.
     *
     * @param keepAbsent whether old lines that the page did not have stay, as ended ones
     */
    private void rebuild(boolean keepAbsent) {
        applyChanges();
        int length = keepAbsent ? size + takenCount : presentLines();
        Entry[] newOrder = new Entry[length + 1];
        byte[] newMarks = keepAbsent || marks != null || anyTakenMark() ? new byte[length] : NO_BYTES;
        int from = 0;
        int to = 0;
        int take = 0;
        int skip = 0;
        while (true) {
            int takeAt = take < takenCount ? takenAt[take] : next;
            int skipAt = skip < skipCount ? skips[2 * skip] : next;
            int count = Math.min(takeAt, skipAt) - from;
            copy(from, newOrder, newMarks, to, count);
            from += count;
            to += count;
            // At one place the lines taken come first: a lap stays at a place until it passes over it.
            if (take < takenCount && takeAt == from) {
                newOrder[to] = taken[take];
                if (newMarks.length > 0) {
                    newMarks[to] = takenMarks[take];
                }
                to++;
                take++;
            } else if (skip < skipCount && skipAt == from) {
                from = skips[2 * skip++ + 1];
                to = passOn(skipAt, from, keepAbsent, newOrder, newMarks, to);
            } else {
                break;
            }
        }
        size = passOn(next, size, keepAbsent, newOrder, newMarks, to);
        order = size == length ? newOrder : Arrays.copyOf(newOrder, size + 1);
        order[size] = Entry.END;
        marks = anyMark(newMarks) ? Arrays.copyOf(newMarks, size) : null;
    }

    private int presentLines() {
        int lines = next + takenCount;
        for (int skip = 0; skip < skipCount; skip++) {
            lines -= skips[2 * skip + 1] - skips[2 * skip];
        }
        return lines;
    }

    private boolean anyTakenMark() {
        for (int i = 0; i < takenCount; i++) {
            if (takenMarks[i] != 0) {
                return true;
            }
        }
        return false;
    }

    private void copy(int from, Entry[] newOrder, byte[] newMarks, int to, int count) {
        System.arraycopy(order, from, newOrder, to, count);
        byte[] old = marks;
        for (int i = 0; old != null && i < count; i++) {
            newMarks[to + i] = (byte) (old[from + i] & ~MOVED);
        }
    }

    /** Lets lines go that the page did not have, or keeps those that it did not have elsewhere either. */
    private int passOn(int from, int end, boolean keep, Entry[] newOrder, byte[] newMarks, int to) {
        int at = to;
        for (int place = from; place < end; place++) {
            Entry entry = order[place];
            if (!keep || isOnPage(entry.canonical)) {
                entry.release(dictionary);
            } else {
                newOrder[at] = entry;
                newMarks[at++] = (byte) (entry.isKept() ? (marksAt(place) & ~MOVED) | ENDED : 0);
            }
        }
        return at;
    }

    private static boolean anyMark(byte[] marks) {
        for (byte mark : marks) {
            if (mark != 0) {
                return true;
            }
        }
        return false;
    }

    private void applyChanges() {
        byte[] all = marks;
        for (int i = 0; i < changedCount; i++) {
            if (all == null) {
                all = new byte[size];
                marks = all;
            }
            all[changedSlots[i]] = (byte) (changedMarks[i] | (all[changedSlots[i]] & MOVED));
        }
        if (changedCount > 0 && all != null && !anyMark(all)) {
            marks = null;
        }
    }

    private void clearMoved() {
        byte[] all = marks;
        if (moved && all != null) {
            for (int place = 0; place < size; place++) {
                all[place] &= ~MOVED;
            }
            marks = anyMark(all) ? all : null;
        }
    }

    private void endLap() {
        Arrays.fill(taken, 0, takenCount, null);
        if (taken.length > Math.max(64, size)) {
            // A page that was all new left room for all of its lines.
            taken = NO_ENTRIES;
            takenAt = NO_INTS;
            takenMarks = NO_BYTES;
        }
        if (skips.length > Math.max(64, size)) {
            skips = NO_INTS;
        }
        if (changedSlots.length > Math.max(64, size / 8)) {
            changedSlots = NO_INTS;
            changedMarks = NO_BYTES;
        }
        takenCount = 0;
        takenKnown = 0;
        skipCount = 0;
        changedCount = 0;
        moved = false;
        index = null;
        ending = null;
        lastStamps.trim(order, size);
    }
}
