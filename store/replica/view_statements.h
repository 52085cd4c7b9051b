// The statements of view.db that are prepared once. Private to the view.
#pragma once

#include "sqlite.h"

namespace spiral::replica {

struct ViewStatements {
    explicit ViewStatements(Database& db)
        : meta(db, "SELECT value FROM meta WHERE key=?1"),
          setMeta(db, "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value=?2"),
          nameByText(db, "SELECT name FROM name WHERE text=?1"),
          textByName(db, "SELECT text FROM name WHERE name=?1"),
          addName(db, "INSERT INTO name(text) VALUES(?1)"),
          point(db, "SELECT point FROM point WHERE hash=?1 AND seq=?2"),
          pointAt(db, "SELECT seq, hash FROM point WHERE point=?1"),
          addPoint(db, "INSERT INTO point(seq, hash) VALUES(?1, ?2)"),
          addFeed(db, "INSERT INTO feed(device, scope) VALUES(?1, ?2)"),
          forkFeed(db, "UPDATE feed SET forked=1 WHERE feed=?1"),
          frameById(db, "SELECT frame, feed, seq FROM frame WHERE id=?1"),
          frameAt(db,
                  "SELECT id, feed, seq, prev, school, point, branch, receipt_time, receipt_seq, receipt_item, "
                  "receipt_list FROM frame WHERE frame=?1"),
          nameFrame(db, "INSERT INTO frame(frame, id) VALUES(?1, ?2)"),
          addFrame(db,
                   "INSERT INTO frame(frame, id, feed, seq, prev, school, point, inc, newer) "
                   "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(frame) DO UPDATE SET "
                   "feed=?3, seq=?4, prev=?5, school=?6, point=?7, inc=?8, newer=?9"),
          sibling(db, "SELECT frame FROM frame WHERE feed=?1 AND seq=?2 AND frame<>?3 AND prev IS ?4"),
          frameIsNewer(db, "SELECT newer FROM frame WHERE frame=?1"),
          setReceipt(
              db, "UPDATE frame SET receipt_time=?2, receipt_seq=?3, receipt_item=?4, receipt_list=?5 WHERE frame=?1"),
          setBranch(db, "UPDATE frame SET branch=?2 WHERE frame=?1"),
          framesOfFeed(db,
                       "SELECT f.frame, f.id, p.id, f.seq, n.text, f.branch, f.receipt_time, f.receipt_seq, "
                       "f.receipt_item, f.receipt_list FROM frame f LEFT JOIN frame p ON p.frame=f.prev "
                       "JOIN name n ON n.name=f.inc WHERE f.feed=?1 ORDER BY f.seq, f.frame"),
          framesFrom(db, "SELECT frame FROM frame WHERE feed=?1 AND seq>=?2"),
          itemById(db,
                   "SELECT item, frame, place, more, record, state, document, target, kind, verdict, reason, about, "
                   "count, id FROM item WHERE key=?1 AND id=?2"),
          itemAt(db,
                 "SELECT item, frame, place, more, record, state, document, target, kind, verdict, reason, about, "
                 "count, id FROM item WHERE item=?1"),
          itemsOfDocument(db,
                          "SELECT item, frame, place, more, record, state, document, target, kind, verdict, reason, "
                          "about, count, id FROM item WHERE document=?1"),
          nameItem(db, "INSERT INTO item(item, id, key) VALUES(?1, ?2, ?3)"),
          newItems(db, kItem, 19),
          addItem(db,
                  "INSERT INTO " + std::string(kItem) +
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) "
                      "ON CONFLICT(item) DO UPDATE SET frame=?4, place=?5, record=?6, state=?7, document=?8, "
                      "target=?9, kind=?10, scope=?11, person=?12, device=?13, time=?14, counter=?15"),
          setPlace(db, "UPDATE item SET frame=?2, place=?3, more=?4 WHERE item=?1"),
          setDocument(db, "UPDATE item SET document=?2 WHERE item=?1"),
          setVerdict(db, "UPDATE item SET verdict=?2, reason=?3, about=?4, count=?5 WHERE item=?1"),
          placesOf(db, "SELECT frame, place FROM item_place WHERE item=?1"),
          addPlace(db, "INSERT OR IGNORE INTO item_place(item, frame, place) VALUES(?1, ?2, ?3)"),
          dropPlace(db, "DELETE FROM item_place WHERE item=?1 AND frame=?2"),
          itemsOn(db, "SELECT item FROM item WHERE target=?1"),
          addReceipt(db,
                     "INSERT OR IGNORE INTO receipt(frame, item, feed, seq, place, list, time) "
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
          dropReceipt(db, "DELETE FROM receipt WHERE item=?1"),
          receiptFrames(db, "SELECT frame, stands FROM receipt WHERE item=?1"),
          setReceiptStands(db, "UPDATE receipt SET stands=?2 WHERE item=?1"),
          receiptsOf(db, "SELECT feed, seq, place, list, time FROM receipt WHERE frame=?1 AND stands=1"),
          addConfirm(db, "INSERT OR IGNORE INTO confirm(frame, item, feed) VALUES(?1, ?2, ?3)"),
          dropConfirm(db, "DELETE FROM confirm WHERE item=?1"),
          confirmFrames(db, "SELECT frame, stands FROM confirm WHERE item=?1"),
          setConfirmStands(db, "UPDATE confirm SET stands=?2 WHERE item=?1"),
          confirmsOf(
              db, "SELECT f.id, c.feed FROM confirm c JOIN frame f ON f.frame=c.frame WHERE f.feed=?1 AND c.stands=1"),
          entangled(db,
                    "SELECT r.item FROM receipt r JOIN frame f ON f.frame=r.frame "
                    "WHERE r.feed IN (SELECT feed FROM feed WHERE forked=1) "
                    "AND f.feed IN (SELECT feed FROM feed WHERE forked=1) "
                    "UNION SELECT c.item FROM confirm c JOIN frame f ON f.frame=c.frame "
                    "WHERE c.feed IN (SELECT feed FROM feed WHERE forked=1) "
                    "AND f.feed IN (SELECT feed FROM feed WHERE forked=1)"),
          wait(db, "INSERT OR IGNORE INTO waiting(awaited, subject) VALUES(?1, ?2)"),
          waitNoMore(db, "DELETE FROM waiting WHERE subject=?1"),
          waitingFor(db, "SELECT subject FROM waiting WHERE awaited=?1"),
          wake(db, "DELETE FROM waiting WHERE awaited=?1"),
          addOnHead(db, "INSERT OR IGNORE INTO on_head(document) VALUES(?1)"),
          documentByDoc(db, "SELECT document FROM document WHERE doc=?1 AND scope=?2"),
          documentAt(db, "SELECT scope, doc, digest, differences FROM document WHERE document=?1"),
          newDocuments(db, kDocument, 21),
          writeDocument(
              db, "INSERT INTO " + std::string(kDocument) +
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
                      "?19, ?20, ?21) ON CONFLICT(document) DO UPDATE SET type=?4, title=?5, state=?6, "
                      "owner=?7, summary=?8, due=?9, closed=?10, disputed=?11, changed_after=?12, round=?13, "
                      "failed_rounds=?14, heads=?15, differences=?16, last_action=?17, last_actor=?18, watched=?19, "
                      "changed=?20, digest=?21"),
          dropDocument(db, "DELETE FROM document WHERE document=?1"),
          addGone(db, "INSERT INTO gone(changed, scope, doc) VALUES(?1, ?2, ?3)"),
          dropDifferences(db, "DELETE FROM difference WHERE document=?1"),
          expectedOf(db,
                     "SELECT d.scope, d.doc, e.what FROM expected e JOIN document d ON d.document=e.by "
                     "WHERE e.document=?1 ORDER BY d.doc, d.scope"),
          expectedBy(db, "SELECT document, what FROM expected WHERE by=?1"),
          expect(db,
                 "INSERT INTO expected(document, by, what) VALUES(?1, ?2, ?3) "
                 "ON CONFLICT(document, by) DO UPDATE SET what=?3"),
          expectNoMore(db, "DELETE FROM expected WHERE document=?1 AND by=?2"),
          addDifference(db,
                        "INSERT INTO difference(document, field, element, sides) VALUES(?1, ?2, ?3, ?4) "
                        "ON CONFLICT(document, field, element) DO UPDATE SET sides=?4"),
          tally(db,
                "INSERT INTO tally(count, reason, items) VALUES(?1, ?2, ?3) "
                "ON CONFLICT(count, reason) DO UPDATE SET items=items+?3") {}

    static constexpr char const* kItem =
        "item(item, id, key, frame, place, record, state, document, target, kind, scope, person, device, time, "
        "counter, "
        "verdict, reason, about, count)";
    static constexpr char const* kDocument =
        "document(document, scope, doc, type, title, state, owner, summary, due, closed, disputed, changed_after, "
        "round, "
        "failed_rounds, heads, differences, last_action, last_actor, watched, changed, digest)";

    Statement meta, setMeta, nameByText, textByName, addName, point, pointAt, addPoint, addFeed, forkFeed;
    Statement frameById, frameAt, nameFrame, addFrame, sibling, frameIsNewer, setReceipt, setBranch, framesOfFeed,
        framesFrom;
    Statement itemById, itemAt, itemsOfDocument, nameItem;
    RowInserter newItems;
    Statement addItem, setPlace, setDocument, setVerdict;
    Statement placesOf, addPlace, dropPlace, itemsOn;
    Statement addReceipt, dropReceipt, receiptFrames, setReceiptStands, receiptsOf;
    Statement addConfirm, dropConfirm, confirmFrames, setConfirmStands, confirmsOf, entangled;
    Statement wait, waitNoMore, waitingFor, wake, addOnHead;
    Statement documentByDoc, documentAt;
    RowInserter newDocuments;
    Statement writeDocument, dropDocument, addGone, dropDifferences;
    Statement expectedOf, expectedBy, expect, expectNoMore;
    Statement addDifference, tally;
};

}  // namespace spiral::replica
