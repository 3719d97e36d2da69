//! Who takes part in a session: agents and users, in an order that does not change afterwards.

use sqlx::AnyConnection;
use uuid::Uuid;

use crate::{
    Kind, NewRecord, Record, Store, StoreError,
    error::is_dangling,
    record::insert,
    row::{Columns, count},
};

/// The agents and users of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Participants {
    /// The agents, the first one first.
    pub agents: Vec<Uuid>,
    /// The users, the first one first.
    pub users: Vec<Uuid>,
}

impl Participants {
    fn by_kind(&self) -> impl Iterator<Item = (Kind, usize, Uuid)> {
        let of = |kind, ids: &'_ [Uuid]| {
            let ids = ids.to_vec();
            ids.into_iter().enumerate().map(move |(position, id)| (kind, position, id))
        };
        of(Kind::Agent, &self.agents).chain(of(Kind::User, &self.users))
    }
}

impl Store {
    /// Stores a session together with its participants, or neither.
    ///
    /// Fails with [`StoreError::NoSuchParticipant`], naming the first one that is not there.
    pub async fn create_session(&self, record: NewRecord, participants: &Participants) -> Result<Record, StoreError> {
        let record = NewRecord { kind: Kind::Session, ..record };
        let mut transaction = self.write.begin().await?;
        let record = insert(&mut transaction, record).await?;
        for (kind, position, id) in participants.by_kind() {
            add(&mut transaction, record.id, kind, position, id).await?;
        }
        transaction.commit().await?;
        Ok(record)
    }

    /// Who takes part in a session. One that was deleted does not any more.
    pub async fn participants(&self, session: Uuid) -> Result<Participants, StoreError> {
        let rows = sqlx::query(
            "SELECT p.kind, p.participant FROM sessions s LEFT JOIN participants p ON p.session = s.id \
             WHERE s.id = $1 ORDER BY p.kind, p.position",
        )
        .bind(session.to_string())
        .fetch_all(&self.read)
        .await?;
        if rows.is_empty() {
            return Err(StoreError::NotFound { kind: Kind::Session, id: session });
        }
        let mut found = Participants::default();
        for row in &rows {
            let columns = Columns::new("participants", row);
            let Some(id) = columns.optional_uuid("participant")? else { continue };
            let is_agent = columns.text("kind")? == Kind::Agent.as_str();
            if is_agent { &mut found.agents } else { &mut found.users }.push(id);
        }
        Ok(found)
    }
}

async fn add(
    connection: &mut AnyConnection,
    session: Uuid,
    kind: Kind,
    position: usize,
    id: Uuid,
) -> Result<(), StoreError> {
    let missing = StoreError::NoSuchParticipant { kind, id };
    let done = sqlx::query(
        "INSERT INTO participants (session, kind, position, participant) \
         SELECT $1, kind, $2, id FROM resources WHERE id = $3 AND kind = $4",
    )
    .bind(session.to_string())
    .bind(count(position as u64))
    .bind(id.to_string())
    .bind(kind.as_str())
    .execute(connection)
    .await;
    match done {
        Ok(done) if done.rows_affected() == 1 => Ok(()),
        Ok(_) => Err(missing),
        // Deleted in this moment.
        Err(error) if is_dangling(&error) => Err(missing),
        Err(error) => Err(error.into()),
    }
}
